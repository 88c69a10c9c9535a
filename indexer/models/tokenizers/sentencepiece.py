"""The tokenizer of SigLIP version 1 by the SentencePiece library alone: transformers' `SiglipTokenizer` in short."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence

_SPACE = "▁"
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


class SpecialToken(Exception):
    """A text holds something that looks like one of the tokenizer's marks."""


class Sentences:
    """A SentencePiece *model*, bytes. *unknown* is the mark of unknown pieces, *marks* are all marks there are."""

    def __init__(self, model: bytes, unknown: str, marks: Sequence[str]) -> None:
        from sentencepiece import SentencePieceProcessor  # noqa: PLC0415 - many that import this package have no text

        self._processor = SentencePieceProcessor(model_proto=model)
        self._unknown = unknown
        self._marks = tuple(marks)
        self._skipped = len(self._processor.encode(unknown))

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of each text's pieces, without an end mark. Raises `SpecialToken`."""
        return [self._encode(text) for text in texts]

    def _encode(self, text: str) -> list[int]:
        if any(mark in text for mark in self._marks):
            raise SpecialToken(text)
        spaced = _SPACE + text.replace(_SPACE, " ")
        plain = re.sub(r"\s+", " ", spaced.lower().translate(_NO_PUNCTUATION)).strip()
        # SentencePiece drops a space at the start, but not one behind an unknown piece.
        pieces = self._processor.encode(self._unknown + plain, out_type=str)[self._skipped :]
        if any(piece in self._marks for piece in pieces):
            raise SpecialToken(text)
        return [self._processor.piece_to_id(piece) for piece in pieces]
