"""A model behind an endpoint that speaks OpenAI's chat completions, such as Ollama, llama.cpp, vLLM or LM Studio.

A picture is sent as a small JPEG of its pixels alone: never the file, and none of its metadata.
"""

from __future__ import annotations

import base64
import io
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from PIL import Image

from .addresses import read_address, resolve
from .answers import read_answer
from .chat_client import (
    AnswerUnusable,
    ChatClient,
    ChatError,
    Misconfigured,
    QuestionRefused,
    Unreachable,
)
from .endpoint_settings import EndpointSettings
from .errors import DescriberAway, DescriberBroken, DescriberError, EndpointInvalid, RemoteEndpoint
from .prompts import question, schema
from .protocols import Description, NotDescribed

#: Pictures in a row that get no answer before the endpoint counts as away.
PATIENCE: Final = 3
_QUALITY: Final = 85
#: Tokens of an answer, so that a model which repeats itself comes to an end.
_MOST_TOKENS: Final = 2_000
_NOT_ASKED: Final = NotDescribed("The describer was not asked, because it had gone away.", is_passing=True)


class EndpointDescriber:
    """Asks a model behind an endpoint, some pictures at once. Its `name` is the model's, host and port.

    *make_client* makes the client, of the arguments of `ChatClient`. Nothing is sent yet, but the host's name is looked
    up. Raises `EndpointInvalid`, `RemoteEndpoint`, `DescriberBroken` and `DescriberAway`.
    """

    def __init__(self, settings: EndpointSettings, make_client: Callable[..., ChatClient] = ChatClient) -> None:
        address = read_address(settings.url)
        self.name = f"{settings.model}@{address.shown}"
        self.side = settings.side
        self._settings = settings
        self._check(settings)
        try:
            resolve(address, is_remote_allowed=settings.remote)
        except OSError as error:
            raise DescriberAway(self.name, f"the host {address.host} is not found") from error
        self._client = make_client(
            address, key=settings.key, timeout=settings.timeout, is_remote_allowed=settings.remote
        )
        self._forms = _Forms(settings)
        self._health = _Health(self.name)

    def describe(self, pictures: Sequence[Image.Image]) -> list[Description | NotDescribed]:
        """One outcome for each of *pictures*, in their order. Raises as the protocol says, and `RemoteEndpoint`.

        The endpoint counts as away if nobody listens, and after `PATIENCE` pictures in a row without an answer; a
        picture that gets none before that is `NotDescribed`.
        """
        self._health.begin()
        pool = ThreadPoolExecutor(max(1, self._settings.requests), "describe")
        try:
            outcomes = list(pool.map(self._outcome, pictures))
        except BaseException:
            # An interrupt does not wait for answers.
            self._client.close()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        trouble = self._health.trouble
        if trouble is not None and not any(isinstance(each, Description) for each in outcomes):
            raise trouble
        return outcomes

    def close(self) -> None:
        """End all connections; the describer cannot be used any longer."""
        self._client.close()

    def _check(self, settings: EndpointSettings) -> None:
        if not settings.model.strip():
            raise DescriberBroken(self.name, "no model is named: set describe.model to one that the endpoint has")
        if settings.key and not (settings.key.isascii() and settings.key.isprintable()):
            raise EndpointInvalid("its key has characters that no key has")

    def _outcome(self, picture: Image.Image) -> Description | NotDescribed:
        if self._health.trouble is not None:
            return _NOT_ASKED
        try:
            content = self._forms.ask(self._client, picture)
        except AnswerUnusable as error:
            self._health.answered()
            return NotDescribed(_sentence(error))
        except (ChatError, RemoteEndpoint) as error:
            return self._health.failed(error)
        self._health.answered()
        return read_answer(content, self._settings.tasks, self._settings.language)


class _Health:
    """Count of pictures without an answer, and the trouble that they amount to."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._failures = self._refusals = 0
        self._has_answered = False
        self.trouble: DescriberError | None = None

    def begin(self) -> None:
        """Try again. Failures in a row go on counting, so that an endpoint which stays away is found so at once."""
        self.trouble = None

    def answered(self) -> None:
        with self._lock:
            self._failures = 0
            self._has_answered = True

    def failed(self, error: Exception) -> NotDescribed:
        """Note a picture without an answer, and return its outcome."""
        with self._lock:
            if isinstance(error, QuestionRefused):
                self._failures, self._refusals = 0, self._refusals + 1
            else:
                self._failures += 1
            if self.trouble is None:
                self.trouble = self._judged(error)
        return NotDescribed(_sentence(error), is_passing=not isinstance(error, QuestionRefused))

    def _judged(self, error: Exception) -> DescriberError | None:
        if isinstance(error, RemoteEndpoint):
            return error
        if isinstance(error, Misconfigured):
            return DescriberBroken(self._name, str(error))
        if isinstance(error, QuestionRefused):
            # Some pictures are refused. If none was ever described, the model may be one that sees none.
            is_blind = self._refusals >= PATIENCE and not self._has_answered
            return DescriberBroken(self._name, str(error)) if is_blind else None
        if isinstance(error, Unreachable) or self._failures >= PATIENCE:
            return DescriberAway(self._name, str(error))
        return None


class _Forms:
    """Forms of the question. A server may refuse to be told the form of its answer, and is then told less."""

    def __init__(self, settings: EndpointSettings) -> None:
        self._settings = settings
        self._question = question(settings.tasks, settings.language)
        by_schema = {"name": "description", "strict": True, "schema": schema(settings.tasks)}
        sampling: dict[str, object] = {"temperature": 0, "max_tokens": _MOST_TOKENS}
        self._forms: tuple[dict[str, object], ...] = (
            {"response_format": {"type": "json_schema", "json_schema": by_schema}, **sampling},
            {"response_format": {"type": "json_object"}, **sampling},
            sampling,
            {},
        )
        #: The first form that may be accepted, and whether it was.
        self._first, self._is_known = 0, False

    def ask(self, client: ChatClient, picture: Image.Image) -> str:
        """Ask about *picture*, in less strict forms while the server refuses. Raises as `ChatClient.ask`."""
        jpeg = encoded(picture, self._settings.side)
        first = self._first
        last = first if self._is_known else len(self._forms) - 1
        for number in range(first, last + 1):
            try:
                content = client.ask(self._body(jpeg, number))
            except QuestionRefused:
                if number == last:
                    raise
            else:
                self._first, self._is_known = number, True
                return content
        raise AssertionError("the last form returns or raises")

    def _body(self, jpeg: bytes, number: int) -> dict[str, object]:
        url = f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode('ascii')}"
        content = [{"type": "text", "text": self._question}, {"type": "image_url", "image_url": {"url": url}}]
        return {
            "model": self._settings.model,
            "messages": [{"role": "user", "content": content}],
            "stream": False,
            **self._forms[number],
        }


def encoded(picture: Image.Image, side: int) -> bytes:
    """*picture* as JPEG of at most *side* pixels a side, made of its pixels alone."""
    pixels = picture.convert("RGB")
    if max(pixels.size) > side:
        scale = side / max(pixels.size)
        size = (max(1, round(pixels.width * scale)), max(1, round(pixels.height * scale)))
        pixels = pixels.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    # Pillow writes a comment of the original into the JPEG unless the picture is a new one.
    bare = Image.frombytes("RGB", pixels.size, pixels.tobytes())
    made = io.BytesIO()
    bare.save(made, "JPEG", quality=_QUALITY)
    return made.getvalue()


def _sentence(error: Exception) -> str:
    """A sentence about the describer, of a clause that begins with "it", "its" or a noun."""
    if isinstance(error, RemoteEndpoint):
        return str(error)
    clause = str(error)
    return f"No description: {clause}."
