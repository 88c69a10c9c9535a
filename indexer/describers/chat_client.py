"""Client of one chat endpoint, by the standard library: a question in JSON goes out, the text of an answer comes back.

Connections go to addresses that were checked, never to a name that may mean another address a moment later. Redirects
are not followed, and proxies of the environment are not used.
"""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from store.json_text import parse_json

from .addresses import EndpointAddress, resolve
from .timed_socket import TimedSocket, limit_to

#: Bytes of an answer. A description has some thousand.
LONGEST: Final = 1_000_000
#: Seconds for a connection, and for a pause that a server asks for.
_CONNECT: Final = 10.0
_LONGEST_PAUSE: Final = 60.0
#: Seconds before each further attempt.
PAUSES: Final = (1.0, 2.0, 4.0)
_BUSY: Final = frozenset({429, 502, 503, 504})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
#: Answers that will be the same for every picture, and the clause that says what to set.
_MISTAKES: Final = {
    401: "it wants a key: set describe.key to the right one",
    403: "it refuses the key: set describe.key to one that may use the model",
    404: "it has no such model, or no such address: check describe.model and describe.endpoint",
    405: "there is no chat at that address: check describe.endpoint",
}
_SHOWN: Final = 200


class ChatError(Exception):
    """No answer. The argument is a clause for people, without the key."""


class Unreachable(ChatError):
    """Nobody listens, or the host is not found."""


class Misconfigured(ChatError):
    """The answer will be the same for every picture: a wrong key, name, address or certificate."""


class NoAnswer(ChatError):
    """This question got no answer, and the next one may: a time-out, a lost connection, a server that is busy."""


class QuestionRefused(ChatError):
    """The server refused this question."""


class AnswerUnusable(ChatError):
    """The server answered, with something that is no answer of a chat."""


class _Busy(NoAnswer):
    """An answer to wait for. *pause* is the time in seconds that the server asks for."""

    def __init__(self, clause: str, pause: float | None = None) -> None:
        super().__init__(clause)
        self.pause = pause


class ChatClient:
    """Asks the endpoint at *address*. Threads may share it.

    *key* is sent as a bearer token, and stands in no error. *timeout* is the time in seconds for a whole answer.
    *wait* waits for some seconds and returns whether the client was closed meanwhile. *pauses* are those before each
    further attempt. *trusted* is a context of TLS; None trusts the authorities that the system trusts.
    """

    def __init__(
        self,
        address: EndpointAddress,
        *,
        key: str | None,
        timeout: float,
        is_remote_allowed: bool,
        wait: Callable[[float], bool] | None = None,
        pauses: tuple[float, ...] = PAUSES,
        trusted: ssl.SSLContext | None = None,
    ) -> None:
        self._address = address
        self._key = key
        self._timeout = timeout
        self._is_remote_allowed = is_remote_allowed
        self._closed = threading.Event()
        self._wait = wait or self._closed.wait
        self._pauses = pauses
        self._context = (trusted or ssl.create_default_context()) if address.is_encrypted else None
        self._lock = threading.Lock()
        self._open: set[TimedSocket] = set()
        self._has_answered = False

    def ask(self, question: Mapping[str, object]) -> str:
        """The text of the answer to *question*, the body of a request for a chat completion.

        Asks again after a pause if the server is busy or the connection is lost. Raises a `ChatError`, and
        `RemoteEndpoint`.
        """
        body = json.dumps(question).encode()
        for pause in (*self._pauses, None):
            try:
                return _content(self._asked_once(body))
            except (_Busy, Unreachable) as error:
                wanted = error.pause if isinstance(error, _Busy) else None
                # A server that never answered is not starting again; it is not there.
                is_hopeless = isinstance(error, Unreachable) and not self._has_answered
                if pause is None or is_hopeless or self._wait(min(max(pause, wanted or 0.0), _LONGEST_PAUSE)):
                    raise
        raise AssertionError("the last attempt returns or raises")

    def close(self) -> None:
        """End all connections. Threads that wait for an answer get a `NoAnswer`."""
        self._closed.set()
        with self._lock:
            for each in self._open:
                each.end()

    def _asked_once(self, body: bytes) -> bytes:
        if self._closed.is_set():
            raise NoAnswer("it was closed")
        deadline = time.monotonic() + self._timeout
        connected = TimedSocket(self._connected(deadline), deadline)
        with self._lock:
            self._open.add(connected)
        try:
            # A call of `close` may have come too early to find this connection.
            if self._closed.is_set():
                raise NoAnswer("it was closed")
            return self._exchanged(connected, body)
        except TimeoutError as error:
            raise NoAnswer(f"it took longer than {self._timeout:g} seconds") from error
        except (http.client.IncompleteRead, http.client.RemoteDisconnected, ConnectionError, ssl.SSLEOFError) as error:
            raise _Busy("it closed the connection before its answer was whole") from error
        except http.client.HTTPException as error:
            raise Misconfigured("it does not speak HTTP: check describe.endpoint") from error
        except OSError as error:
            raise _Busy(f"the connection failed: {self._shown(error.strerror or str(error))}") from error
        finally:
            with self._lock:
                self._open.discard(connected)
            connected.release()

    def _connected(self, deadline: float) -> socket.socket:
        """A connection to the first address that accepts one, encrypted if the endpoint is."""
        try:
            places = resolve(self._address, is_remote_allowed=self._is_remote_allowed)
        except OSError as error:
            raise Unreachable(f"the host {self._address.host} is not found") from error
        failure: OSError | None = None
        for family, place in places:
            try:
                return self._encrypted(_connection(family, place, min(deadline, time.monotonic() + _CONNECT)), deadline)
            except ssl.SSLCertVerificationError as error:
                reason = self._shown(error.verify_message)
                raise Misconfigured(f"its certificate is not trusted ({reason}), so no picture was sent") from error
            except ssl.SSLEOFError as error:
                failure = error
            except ssl.SSLError as error:
                reason = "it does not speak TLS as asked for; check whether describe.endpoint begins with http or https"
                raise Misconfigured(reason) from error
            except OSError as error:
                failure = error
        is_silent = isinstance(failure, TimeoutError)
        reason = "it accepts no connection in time" if is_silent else _reason(failure)
        raise Unreachable(reason) from failure

    def _encrypted(self, connected: socket.socket, deadline: float) -> socket.socket:
        if self._context is None:
            return connected
        try:
            limit_to(connected, min(deadline, time.monotonic() + _CONNECT))
            return self._context.wrap_socket(connected, server_hostname=self._address.host)
        except BaseException:
            connected.close()
            raise

    def _exchanged(self, connected: TimedSocket, body: bytes) -> bytes:
        connection = http.client.HTTPConnection(self._address.host, self._address.port)
        # `request` connects only if there is no socket yet, so the host's name is not looked up again.
        connection.sock = connected
        headers = {"Content-Type": "application/json", "Accept": "application/json", "Connection": "close"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        # A server may answer, and end, before it has read everything.
        with suppress(BrokenPipeError):
            connection.request("POST", self._address.path, body, headers)
        response = connection.getresponse()
        self._has_answered = True
        # An error's message is at its beginning.
        content = _whole(response) if response.status == http.HTTPStatus.OK else response.read(LONGEST)
        self._check(response, content)
        return content

    def _check(self, response: http.client.HTTPResponse, content: bytes) -> None:
        status = response.status
        if status == http.HTTPStatus.OK:
            return
        if status in _REDIRECTS:
            place = self._shown(response.getheader("Location") or "nowhere")
            raise Misconfigured(f"it redirects to {place}, which is not followed: check describe.endpoint")
        said = self._shown(_message(content))
        said = f" ({said})" if said else ""
        if status in _MISTAKES:
            raise Misconfigured(f"{_MISTAKES[status]}{said}")
        if status in _BUSY:
            raise _Busy(f"it is busy, with status {status}{said}", _pause(response.getheader("Retry-After")))
        if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
            raise NoAnswer(f"it failed, with status {status}{said}")
        raise QuestionRefused(f"it refused, with status {status}{said}")

    def _shown(self, text: str) -> str:
        """*text* of the server, short and without the key, which some servers repeat."""
        hidden = text.replace(self._key, "…") if self._key else text
        return " ".join(hidden.split())[:_SHOWN]


def _connection(family: socket.AddressFamily, place: tuple[object, ...], deadline: float) -> socket.socket:
    connected = socket.socket(family, socket.SOCK_STREAM)
    try:
        limit_to(connected, deadline)
        connected.connect(place)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        connected.close()
        raise
    return connected


def _reason(failure: OSError | None) -> str:
    if isinstance(failure, ConnectionRefusedError):
        return "nobody listens there"
    return str(failure.strerror or "the connection failed").lower() if failure else "it has no address"


def _whole(response: http.client.HTTPResponse) -> bytes:
    content = response.read(LONGEST + 1)
    if len(content) > LONGEST:
        raise AnswerUnusable(f"its answer is longer than {LONGEST // 1_000_000} MB")
    # With an argument, `read` does not complain about an answer that ends too early.
    if response.length:
        raise http.client.IncompleteRead(content, response.length)
    return content


def _content(body: bytes) -> str:
    """The text of the first choice in the JSON of a chat completion."""
    try:
        answer = parse_json(body)
    except ValueError as error:
        raise AnswerUnusable("its answer is no JSON") from error
    choice = _first(answer, "choices")
    message = choice.get("message") if isinstance(choice, dict) else None
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, list):
        content = "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    if isinstance(message, dict) and isinstance(message.get("refusal"), str) and not content:
        raise AnswerUnusable("the model refused to describe the picture")
    if not isinstance(content, str):
        raise AnswerUnusable("its answer is not that of a chat")
    return content


def _first(answer: object, name: str) -> object:
    listed = answer.get(name) if isinstance(answer, dict) else None
    return listed[0] if isinstance(listed, list) and listed else None


def _message(content: bytes) -> str:
    """The message of an error: `error.message`, `error`, `message` or `detail` in JSON; else a page's text."""
    try:
        found = parse_json(content)
    except ValueError:
        return re.sub(r"<[^>]*>", " ", content[:2000].decode("utf-8", "replace"))
    if not isinstance(found, dict):
        return ""
    error = found.get("error", found.get("message", found.get("detail")))
    error = error.get("message") if isinstance(error, dict) else error
    return error if isinstance(error, str) else ""


def _pause(header: str | None) -> float | None:
    """Seconds that a Retry-After asks for, given as a number or as a date (RFC 9110, 10.2.3)."""
    if header is None:
        return None
    try:
        if header.strip().isdecimal():
            return float(header)
        return max(0.0, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return None
