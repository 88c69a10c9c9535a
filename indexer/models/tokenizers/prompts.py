"""Texts as SigLIP was trained on them."""

from __future__ import annotations

import unicodedata


def prepared(text: str) -> str:
    """*text* as SigLIP was trained on it: lower case and single spaces.

    The tokenizer that transformers picks for a fixed-resolution SigLIP 2 does not lower-case by itself.
    """
    return " ".join(unicodedata.normalize("NFC", text).lower().split())
