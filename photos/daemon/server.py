"""Answers searches over a socket in the library, in threads beside the work of the process.

Only its owner may use the socket. Requests are bounded in size, time and number, so that a client that hangs or sends
nonsense costs nobody anything.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from typing import Final

from photos.daemon.handler import Handler
from photos.daemon.protocol import catalog_of, program, reachable, socket_of
from photos.daemon.version import edition
from photos.errors import safe
from photos.operations.requests import Request, SearchAnswer

#: Answers that are worked on at once, and connections that are open at once.
_ANSWERS, _CONNECTIONS = 2, 32
#: Seconds that a request may take to come, and then until its turn.
_PATIENCE = 5.0
#: Seconds between two looks at whether requests take too long, or the server is to end.
_LOOK = 0.5
#: Seconds that answers which are being worked on have at the end.
_LAST = 2.0
_OWNER_ONLY: Final = 0o600

Answer = Callable[[Request], SearchAnswer]


@contextmanager
def serving(
    library: Path, answer: Answer, say: Callable[[str], None], *, patience: float = _PATIENCE
) -> Iterator[bool]:
    """Answer searches with *answer* until the end. Gives whether that is possible; if not, *say* was told why.

    Only the process that holds the library may. Clients have *patience* seconds. Ends within moments, whatever is being
    answered.
    """
    try:
        server = Server(library, answer, say, patience)
    except OSError as error:
        why = error.strerror or type(error).__name__
        say(f"Searches are not answered from here, since there can be no socket in the library: {why}.")
        yield False
        return
    try:
        yield True
    finally:
        server.end()


class Server(ThreadingUnixStreamServer):
    """Listens, and gives each connection a thread. Raises `OSError` where that cannot be."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = _CONNECTIONS

    def __init__(self, library: Path, answer: Answer, say: Callable[[str], None], patience: float) -> None:
        self.answer = answer
        self.patience = patience
        self._library = library
        self._path = socket_of(library)
        self._say = say
        self._said: set[str] = set()
        self._program, self._edition = program(), edition()
        self._turns = threading.BoundedSemaphore(_ANSWERS)
        self._lock = threading.Lock()
        #: The connections that are open; when each began, or None once its request is here.
        self._open: dict[socket.socket, float | None] = {}
        # What a process that was killed left.
        with suppress(FileNotFoundError):
            os.unlink(self._path)
        with reachable(library) as name:
            super().__init__(name, Handler)
        threading.Thread(target=self.serve_forever, args=(_LOOK,), name="answering", daemon=True).start()

    def server_bind(self) -> None:
        """Bind, for the owner alone."""
        with suppress(OSError):
            # On Linux a socket's own mode becomes that of its name, which is then at no moment wider.
            os.fchmod(self.socket.fileno(), _OWNER_ONLY)
        super().server_bind()
        os.chmod(self._path, _OWNER_ONLY)

    def is_asked_by(self, program: str) -> bool:
        """Whether *program* is the one that answers here. Says so, once, if an upgrade replaced that."""
        if edition() != self._edition:
            self.say_once("The program has changed since it was started, and searches are answered by the new one.")
            return False
        return program == self._program

    def answers_from(self, catalog: str) -> bool:
        """Whether *catalog* is the one that is looked at here. It is not, if the library was moved."""
        return catalog == catalog_of(self._library)

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """A place among the answers that are worked on at once; False if there was none in time."""
        has_turn = self._turns.acquire(timeout=self.patience)
        try:
            yield has_turn
        finally:
            if has_turn:
                self._turns.release()

    def arrived(self, connection: socket.socket) -> None:
        """The whole request of *connection* is here."""
        with self._lock:
            if connection in self._open:
                self._open[connection] = None

    def say_once(self, sentence: str) -> None:
        """Tell *sentence*, unless it was told before."""
        with self._lock:
            is_new = sentence not in self._said
            self._said.add(sentence)
        if is_new:
            self._say(safe(sentence))

    def end(self) -> None:
        """Take no more requests; what is being answered has a moment, and everything else is cut off."""
        with suppress(OSError):
            os.unlink(self._path)
        self.shutdown()
        self.server_close()
        until = time.monotonic() + _LAST
        for _ in range(_ANSWERS):
            self._turns.acquire(timeout=max(0.0, until - time.monotonic()))
        self._cut(lambda _began: True)

    def verify_request(self, request: object, client_address: object) -> bool:
        """Whether one more connection may be open."""
        del client_address
        assert isinstance(request, socket.socket)
        with self._lock:
            if len(self._open) >= _CONNECTIONS:
                return False
            self._open[request] = time.monotonic()
            return True

    def close_request(self, request: object) -> None:
        """Close a connection."""
        assert isinstance(request, socket.socket)
        with self._lock:
            self._open.pop(request, None)
        request.close()

    def service_actions(self) -> None:
        """Cut off clients that do not come to the end of their request."""
        late = time.monotonic() - self.patience
        self._cut(lambda began: began is not None and began < late)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no error, and there is nothing else that a handler lets through."""

    def _cut(self, whom: Callable[[float | None], bool]) -> None:
        with self._lock:
            chosen = [connection for connection, began in self._open.items() if whom(began)]
            for connection in chosen:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
