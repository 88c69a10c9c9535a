"""A checkpoint's tokenizer in a form that loads in a fraction of the time, kept beside the downloaded checkpoints.

What is kept is what transformers made of the checkpoint's files, so its ids are those of transformers. A form of other
files, or of another version of transformers, does not count, and the next one that transformers loads takes its place.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from indexer.models.checkpoints.checkpoint import Checkpoint
from indexer.models.checkpoints.safetensors_map import MappedArrays

from .byte_pair import PieceTable, tabulated
from .sentencepiece import Sentences, SpecialToken

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_FORMAT = 1
_PIECES, _SENTENCES = "pieces", "sentences"
#: Made and compared before a form is kept.
_PROBES = (
    "",
    "two cats on the beach at sunset",
    "naïve café — 日本, don't stop! 🏖️",
    "<unk> <eos> </s> <pad> [mask]\u2581 \u2581\u2581 a_b",
    "the quick brown fox jumps over it " * 20,
)
_Made = tuple[dict[str, NDArray[np.generic]], dict[str, str]]


class _Encoder(Protocol):
    def encode(self, texts: Sequence[str]) -> list[list[int]]: ...


class KeptTokenizer:
    """What `keep` kept. Raises `SpecialToken` of texts that only transformers can be asked about."""

    def __init__(self, kept: MappedArrays, length: int) -> None:
        self._length = length
        self._end, self._pad = int(kept.metadata["end"]), int(kept.metadata["pad"])
        self._encoder = _encoder(kept)

    def tokens(self, prepared: Sequence[str]) -> NDArray[np.int64]:
        """Token ids of *prepared* texts as the model sees them, int64 (n, text_length): ended, and padded."""
        rows = np.full((len(prepared), self._length), self._pad, np.int64)
        for row, ids in zip(rows, self._encoder.encode(prepared), strict=True):
            seen = [*ids[: self._length - 1], self._end]
            row[: len(seen)] = seen
        return rows

    def lengths(self, prepared: Sequence[str]) -> list[int]:
        """How many tokens each of the *prepared* texts has, its end mark included."""
        return [len(ids) + 1 for ids in self._encoder.encode(prepared)]


def kept_tokenizer(checkpoint: Checkpoint, folder: Path) -> KeptTokenizer | None:
    """The checkpoint's tokenizer as it was kept in *folder*; None if it was not, or was of other files."""
    try:
        kept = MappedArrays([_path(checkpoint, folder)])
        if kept.metadata.get("stamp") != _stamp(checkpoint):
            return None
        return KeptTokenizer(kept, checkpoint.text_length)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError):
        # Whatever is wrong with a copy, the remedy is to make another.
        return None


def keep(tokenizer: PreTrainedTokenizerBase, checkpoint: Checkpoint, folder: Path) -> bool:
    """Keep *tokenizer*, which transformers loaded for *checkpoint*. Returns whether it is kept now.

    It is not where the folder cannot be written, and where it is of a kind that has no such form.
    """
    path = _path(checkpoint, folder)
    if kept_tokenizer(checkpoint, folder) is not None:
        return True
    made = _made(tokenizer)
    if made is None:
        return False
    arrays, notes = made
    notes |= {"end": str(tokenizer.eos_token_id), "pad": str(tokenizer.pad_token_id), "stamp": _stamp(checkpoint)}
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(beside, arrays, notes)
        if not _agree(tokenizer, KeptTokenizer(MappedArrays([beside]), checkpoint.text_length), checkpoint.text_length):
            return False
        beside.replace(path)
    except OSError:
        return False
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
    return True


def _path(checkpoint: Checkpoint, folder: Path) -> Path:
    name = hashlib.sha256(os.fsencode(checkpoint.folder.resolve())).hexdigest()[:16]
    return folder / f"{name}.safetensors"


def _stamp(checkpoint: Checkpoint) -> str:
    """What changes, without reading them, when any of the files does that a tokenizer is made of, or its maker does."""
    files = sorted(path for path in checkpoint.folder.iterdir() if path.suffix in {".json", ".model", ".txt"})
    states = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return json.dumps([_FORMAT, version("transformers"), version("tokenizers"), states])


def _encoder(kept: MappedArrays) -> _Encoder:
    if kept.metadata["kind"] == _PIECES:
        return PieceTable(kept)
    return Sentences(kept.whole("model").tobytes(), kept.metadata["unknown"], json.loads(kept.metadata["marks"]))


def _made(tokenizer: PreTrainedTokenizerBase) -> _Made | None:
    if tokenizer.is_fast:
        made = tabulated(tokenizer.backend_tokenizer.to_str())
        return None if made is None else (made[0], {**made[1], "kind": _PIECES})
    if type(tokenizer).__name__ != "SiglipTokenizer" or tokenizer.sp_model_kwargs or not tokenizer.do_lower_case:
        return None
    model = np.frombuffer(tokenizer.sp_model.serialized_model_proto(), np.uint8)
    marks = sorted({*tokenizer.all_special_tokens, *tokenizer.get_added_vocab()})
    notes = {"kind": _SENTENCES, "unknown": str(tokenizer.unk_token), "marks": json.dumps(marks)}
    return {"model": model}, notes


def _write(path: Path, arrays: dict[str, NDArray[np.generic]], notes: dict[str, str]) -> None:
    from safetensors.numpy import save  # noqa: PLC0415 - it is rarely needed

    content = save({name: np.ascontiguousarray(array) for name, array in arrays.items()}, notes)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        # A power cut must not leave a whole name on half a file.
        os.fsync(file.fileno())


def _agree(tokenizer: PreTrainedTokenizerBase, kept: KeptTokenizer, length: int) -> bool:
    for probe in _PROBES:
        try:
            ours = kept.tokens([probe])[0]
        except SpecialToken:
            continue
        theirs = tokenizer(probe, padding="max_length", max_length=length, truncation=True)["input_ids"]
        if ours.tolist() != list(theirs):
            return False
    return True
