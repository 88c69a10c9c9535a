"""Cache of a checkpoint's tokenizer, which loads in a fraction of the time; kept next to the downloaded checkpoints.

The cached form is made from the tokenizer that transformers loaded, and gives the same ids. One of other files, or of
another version of transformers, is not used; it is replaced when transformers loads the tokenizer again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import string
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from indexer.models.checkpoints.checkpoint import Checkpoint
from indexer.models.checkpoints.safetensors_map import MappedArrays

from .byte_pair import PieceTable, piece_table

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_FORMAT = 1
_PIECES, _SENTENCES = "pieces", "sentences"
#: Texts whose ids are compared with those of transformers before a tokenizer is cached.
_PROBES = (
    "",
    "two cats on the beach at sunset",
    "naïve café — 日本, don't stop! 🏖️",
    "<unk> <eos> </s> <pad> [mask]\u2581 \u2581\u2581 a_b",
    "the quick brown fox jumps over it " * 20,
)
_SPACE = "▁"
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)
#: Arrays and metadata of a cached tokenizer.
_Tables = tuple[dict[str, NDArray[np.generic]], dict[str, str]]


class _Encoder(Protocol):
    def encode(self, texts: Sequence[str]) -> list[list[int]]: ...


class SpecialToken(Exception):
    """A text contains one of the tokenizer's special tokens."""


class SentencePieceTokenizer:
    """The tokenizer of SigLIP version 1, by the SentencePiece library alone: transformers' `SiglipTokenizer` in short.

    *model* is the SentencePiece model in bytes, *unknown* the special token for unknown pieces, and *special* are all
    special tokens.
    """

    def __init__(self, model: bytes, unknown: str, special: Sequence[str]) -> None:
        from sentencepiece import SentencePieceProcessor  # noqa: PLC0415 - needed only for texts

        self._processor = SentencePieceProcessor(model_proto=model)
        self._unknown = unknown
        self._special = tuple(special)
        self._skipped = len(self._processor.encode(unknown))

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, without an end mark. Raises `SpecialToken`."""
        return [self._encode(text) for text in texts]

    def _encode(self, text: str) -> list[int]:
        if any(token in text for token in self._special):
            raise SpecialToken(text)
        spaced = _SPACE + text.replace(_SPACE, " ")
        plain = re.sub(r"\s+", " ", spaced.lower().translate(_NO_PUNCTUATION)).strip()
        # SentencePiece drops a space at the start, but not one behind an unknown piece.
        pieces = self._processor.encode(self._unknown + plain, out_type=str)[self._skipped :]
        if any(piece in self._special for piece in pieces):
            raise SpecialToken(text)
        return [self._processor.piece_to_id(piece) for piece in pieces]


class CachedTokenizer:
    """A tokenizer from the cache. Raises `SpecialToken` for texts that only transformers can encode."""

    def __init__(self, arrays: MappedArrays, length: int) -> None:
        self._length = length
        self._end, self._pad = int(arrays.metadata["end"]), int(arrays.metadata["pad"])
        self._encoder = _encoder(arrays)

    def tokens(self, normalized: Sequence[str]) -> NDArray[np.int64]:
        """Token ids of *normalized* texts, int64 (n, text_length): with an end mark, and padded."""
        rows = np.full((len(normalized), self._length), self._pad, np.int64)
        for row, ids in zip(rows, self._encoder.encode(normalized), strict=True):
            seen = [*ids[: self._length - 1], self._end]
            row[: len(seen)] = seen
        return rows

    def lengths(self, normalized: Sequence[str]) -> list[int]:
        """Number of tokens of each of the *normalized* texts, the end mark included."""
        return [len(ids) + 1 for ids in self._encoder.encode(normalized)]


def load_cached_tokenizer(checkpoint: Checkpoint, folder: Path) -> CachedTokenizer | None:
    """Load the checkpoint's tokenizer from *folder*; None if it is not there or was made from other files."""
    try:
        arrays = MappedArrays([_path(checkpoint, folder)])
        if arrays.metadata.get("stamp") != _stamp(checkpoint):
            return None
        return CachedTokenizer(arrays, checkpoint.text_length)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError):
        # A damaged copy is made again.
        return None


def cache_tokenizer(tokenizer: PreTrainedTokenizerBase, checkpoint: Checkpoint, folder: Path) -> bool:
    """Cache *tokenizer*, which transformers loaded for *checkpoint*, in *folder*. Returns whether it is cached now.

    It is not if the folder cannot be written, or if this kind of tokenizer has no cached form.
    """
    path = _path(checkpoint, folder)
    if load_cached_tokenizer(checkpoint, folder) is not None:
        return True
    tables = _tables(tokenizer)
    if tables is None:
        return False
    arrays, metadata = tables
    metadata |= {"end": str(tokenizer.eos_token_id), "pad": str(tokenizer.pad_token_id), "stamp": _stamp(checkpoint)}
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(temporary, arrays, metadata)
        if not _agree(
            tokenizer, CachedTokenizer(MappedArrays([temporary]), checkpoint.text_length), checkpoint.text_length
        ):
            return False
        temporary.replace(path)
    except OSError:
        return False
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return True


def _path(checkpoint: Checkpoint, folder: Path) -> Path:
    name = hashlib.sha256(os.fsencode(checkpoint.folder.resolve())).hexdigest()[:16]
    return folder / f"{name}.safetensors"


def _stamp(checkpoint: Checkpoint) -> str:
    """Identity of the tokenizer's files and of the libraries that read them. Reads none of the files."""
    files = sorted(path for path in checkpoint.folder.iterdir() if path.suffix in {".json", ".model", ".txt"})
    states = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return json.dumps([_FORMAT, version("transformers"), version("tokenizers"), states])


def _encoder(arrays: MappedArrays) -> _Encoder:
    if arrays.metadata["kind"] == _PIECES:
        return PieceTable(arrays)
    metadata = arrays.metadata
    return SentencePieceTokenizer(arrays.whole("model").tobytes(), metadata["unknown"], json.loads(metadata["marks"]))


def _tables(tokenizer: PreTrainedTokenizerBase) -> _Tables | None:
    if tokenizer.is_fast:
        table = piece_table(tokenizer.backend_tokenizer.to_str())
        return None if table is None else (table[0], {**table[1], "kind": _PIECES})
    if type(tokenizer).__name__ != "SiglipTokenizer" or tokenizer.sp_model_kwargs or not tokenizer.do_lower_case:
        return None
    model = np.frombuffer(tokenizer.sp_model.serialized_model_proto(), np.uint8)
    special = sorted({*tokenizer.all_special_tokens, *tokenizer.get_added_vocab()})
    metadata = {"kind": _SENTENCES, "unknown": str(tokenizer.unk_token), "marks": json.dumps(special)}
    return {"model": model}, metadata


def _write(path: Path, arrays: dict[str, NDArray[np.generic]], metadata: dict[str, str]) -> None:
    from safetensors.numpy import save  # noqa: PLC0415 - rarely needed

    content = save({name: np.ascontiguousarray(array) for name, array in arrays.items()}, metadata)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        # A power cut must not leave half a file under the final name.
        os.fsync(file.fileno())


def _agree(tokenizer: PreTrainedTokenizerBase, cached: CachedTokenizer, length: int) -> bool:
    for probe in _PROBES:
        try:
            ours = cached.tokens([probe])[0]
        except SpecialToken:
            continue
        theirs = tokenizer(probe, padding="max_length", max_length=length, truncation=True)["input_ids"]
        if ours.tolist() != list(theirs):
            return False
    return True
