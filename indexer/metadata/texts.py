"""Texts in EXIF and IPTC: their encodings, and one line without unprintable characters."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from store.errors import is_shown

#: They join letters, but are none by themselves.
_JOINERS: Final = frozenset("\u200c\u200d")
#: Format characters that separate words. Others, such as soft hyphens and marks of direction, stand within them.
_SEPARATORS: Final = frozenset("\u200b\u2028\u2029")
#: Codes of EXIF's UserComment (CIPA DC-008, 4.6.6).
_CODE: Final = 8
_PLAIN: Final = re.compile(rb"[\t\r\n -~]*\0*")
_JIS: Final = ("iso2022_jp", "shift_jis", "euc_jp")


def one_line(text: str) -> str | None:
    """*text* on one line, up to its first NUL, and without unprintable characters; None if nothing is left."""
    first = text.partition("\0")[0]
    shown = first if first.isprintable() else "".join(map(_shown, first))
    line = " ".join(shown.split())
    return line if any(mark not in _JOINERS and mark != " " for mark in line) else None


def _shown(mark: str) -> str:
    if is_shown(mark):
        return mark
    return "" if unicodedata.category(mark) == "Cf" and mark not in _SEPARATORS else " "


def exif_text(value: object) -> str | None:
    """*value* of a text tag on one line: UTF-8 if it is that, else Windows-1252; None if nothing is left.

    Pillow gives such a text as Latin-1, or as bytes.
    """
    if isinstance(value, str):
        try:
            value = value.encode("latin-1")
        except UnicodeEncodeError:
            # It is no text of EXIF, and right as it is.
            return one_line(str(value))
    return one_line(decoded(value)) if isinstance(value, bytes) else None


def decoded(raw: bytes) -> str:
    """*raw* as text: UTF-8 if it is that, perhaps cut within a character; else Windows-1252."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        whole = raw[: error.start]
        if error.reason == "unexpected end of data" and not whole.isascii():
            return whole.decode("utf-8")
    return raw.decode("cp1252", "replace")


def user_comment(value: object) -> str | None:
    """EXIF's UserComment on one line: its first 8 bytes name its encoding."""
    if not isinstance(value, bytes):
        return exif_text(value)
    code, raw = value[:_CODE].rstrip(b"\0 ").upper(), value[_CODE:]
    if code == b"UNICODE":
        return one_line(_utf16(raw))
    if code == b"JIS":
        return one_line(_first_of(_JIS, raw))
    if code in {b"ASCII", b""}:
        return one_line(decoded(raw.lstrip(b"\0") if not code else raw))
    # Programs that leave out the code.
    return exif_text(value) if value.partition(b"\0")[0] == value.rstrip(b"\0") else None


def _utf16(raw: bytes) -> str:
    """*raw*, UTF-16 of an unknown byte order, or UTF-8 of programs that mistake it for Unicode."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace")
    if raw.startswith(b"\xef\xbb\xbf") or _PLAIN.fullmatch(raw):
        return decoded(raw.removeprefix(b"\xef\xbb\xbf"))
    texts = [raw[: len(raw) // 2 * 2].decode(order, "replace") for order in ("utf-16-le", "utf-16-be")]
    # The wrong order gives characters of many blocks, among them some that nobody assigned.
    return min(texts, key=_oddness)


def _oddness(text: str) -> float:
    text = text.rstrip("\0 ")
    odd = sum(unicodedata.category(mark) in {"Cc", "Cn", "Co", "Cs", "So"} and mark not in "\t\r\n" for mark in text)
    blocks = {ord(mark) >> 8 for mark in text}
    return (4 * odd + len(blocks)) / (len(text) or 1)


def _first_of(encodings: tuple[str, ...], raw: bytes) -> str:
    for encoding in encodings:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return decoded(raw)


def windows_text(value: object) -> str | None:
    """A text that Windows wrote into EXIF, on one line: UTF-16, as bytes or as a tuple of them."""
    try:
        raw = bytes(value) if isinstance(value, bytes | tuple) else b""
    except (TypeError, ValueError):
        return None
    return one_line(raw.decode("utf-16-le", "replace"))
