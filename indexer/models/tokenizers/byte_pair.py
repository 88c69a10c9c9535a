"""A byte-pair tokenizer of hundreds of thousands of pieces, stored so that a few texts load only a few pieces.

A tokenizer can only cut a text into pieces that occur in it. So a tokenizer of those pieces alone gives the same ids as
the whole one, and is built in milliseconds instead of a second. The pieces that occur in a text are found by the hashes
of all its substrings; a piece that is included by mistake, because two hashes are equal, changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from indexer.models.checkpoints.safetensors_map import MappedArrays

if TYPE_CHECKING:
    from tokenizers import Tokenizer

#: An odd number with well mixed bits.
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
#: Texts that share a tokenizer. More of them would have more pieces, and make it slower to build.
_TOGETHER = 256
_Json = dict[str, Any]


class PieceTable:
    """Pieces and their merges by hash, as made by `piece_table`, memory-mapped."""

    def __init__(self, arrays: MappedArrays) -> None:
        self._shell: _Json = json.loads(arrays.metadata["shell"])
        self._always: dict[str, int] = json.loads(arrays.metadata["always"])
        self._replaced: list[tuple[str, str]] = json.loads(arrays.metadata["replaced"])
        self._longest = int(arrays.metadata["longest"])
        self._hashes, self._ids = arrays.whole("hashes"), arrays.whole("ids")
        self._starts, self._letters = arrays.whole("starts"), arrays.whole("letters")
        self._merge_starts, self._splits, self._ranks = (
            arrays.whole("merge_starts"),
            arrays.whole("splits"),
            arrays.whole("ranks"),
        )

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, without an end mark."""
        found = []
        for start in range(0, len(texts), _TOGETHER):
            some = texts[start : start + _TOGETHER]
            tokenizer = self._tokenizer_for("\n".join(some))
            found += [tokenizer.encode(text, add_special_tokens=False).ids for text in some]
        return found

    def _tokenizer_for(self, text: str) -> Tokenizer:
        """Build a tokenizer of the pieces that occur in *text*."""
        from tokenizers import Tokenizer  # noqa: PLC0415 - needed only for texts

        for old, new in self._replaced:
            text = text.replace(old, new)
        pieces = dict(self._always)
        merges: list[tuple[int, str, str]] = []
        places = self._places(text)
        named = [self._piece(place) for place in places]
        pieces.update(zip(named, (int(self._ids[place]) for place in places), strict=True))
        for place, piece in zip(places, named, strict=True):
            for merge in range(int(self._merge_starts[place]), int(self._merge_starts[place + 1])):
                split = int(self._splits[merge])
                left, right = piece[:split], piece[split:]
                if left in pieces and right in pieces:
                    merges.append((int(self._ranks[merge]), left, right))
        model = {**self._shell["model"], "vocab": pieces, "merges": [pair for _, *pair in sorted(merges)]}
        return Tokenizer.from_str(json.dumps({**self._shell, "model": model}))

    def _places(self, text: str) -> list[int]:
        """Rows of the pieces that occur in *text*."""
        found = list(_windows(_points(text), self._longest))
        wanted = np.unique(np.concatenate(found)) if found else np.empty(0, np.uint64)
        first = np.searchsorted(self._hashes, wanted, "left").tolist()
        last = np.searchsorted(self._hashes, wanted, "right").tolist()
        return [place for start, end in zip(first, last, strict=True) for place in range(start, end)]

    def _piece(self, place: int) -> str:
        return self._letters[int(self._starts[place]) : int(self._starts[place + 1])].tobytes().decode()


def piece_table(whole: str) -> tuple[dict[str, NDArray[np.generic]], dict[str, str]] | None:
    """Arrays and metadata of a `PieceTable`, from a tokenizer in the JSON of the tokenizers library.

    None for a tokenizer that may need pieces which do not occur in the text.
    """
    shell: _Json = json.loads(whole)
    model: _Json = shell["model"]
    replaced = _replacements(shell.get("normalizer"))
    if replaced is None or not _only_splits(shell.get("pre_tokenizer")) or not _is_plain(model):
        return None
    vocabulary: dict[str, int] = model["vocab"]
    always = {piece: number for piece, number in vocabulary.items() if _is_byte(piece) or piece == model["unk_token"]}
    for added in shell["added_tokens"]:
        # A token that is not in the model gets the next free number, which depends on the vocabulary.
        if vocabulary.get(added["content"]) != added["id"]:
            return None
        always[added["content"]] = added["id"]
    merges = model["merges"]
    shell = {**shell, "truncation": None, "padding": None, "model": {**model, "vocab": {}, "merges": []}}
    arrays, longest = _table(vocabulary, merges)
    return arrays, {
        "shell": json.dumps(shell),
        "always": json.dumps(always),
        "replaced": json.dumps(replaced),
        "longest": str(longest),
    }


def _table(
    vocabulary: Mapping[str, int], merges: Sequence[Sequence[str]]
) -> tuple[dict[str, NDArray[np.generic]], int]:
    pieces = list(vocabulary)
    lengths = np.array([len(piece) for piece in pieces], np.int64)
    hashes = _hashed(pieces, lengths)
    order = np.argsort(hashes, kind="stable")
    sorted_pieces = [pieces[place].encode() for place in order.tolist()]
    place_of = {piece: place for place, piece in enumerate(sorted_pieces)}
    results = np.array([place_of[(left + right).encode()] for left, right in merges], np.int64)
    by_result = np.argsort(results, kind="stable")
    return {
        "hashes": hashes[order],
        "ids": np.fromiter(vocabulary.values(), np.uint32, len(vocabulary))[order],
        "starts": np.cumsum([0, *map(len, sorted_pieces)]).astype(np.uint32),
        "letters": np.frombuffer(b"".join(sorted_pieces), np.uint8),
        "merge_starts": np.searchsorted(results[by_result], np.arange(len(pieces) + 1)).astype(np.uint32),
        "splits": np.array([len(left) for left, _ in merges], np.uint16)[by_result],
        "ranks": by_result.astype(np.uint32),
    }, int(lengths.max(initial=0))


def _hashed(pieces: Sequence[str], lengths: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Hash of each of *pieces*, as in `_windows`."""
    points = _points("".join(pieces))
    starts = np.cumsum(lengths) - lengths
    hashes = np.zeros(len(pieces), np.uint64)
    for done in range(int(lengths.max(initial=0))):
        longer = lengths > done
        hashes[longer] = hashes[longer] * _FACTOR + points[starts[longer] + done]
    return hashes


def _windows(points: NDArray[np.uint64], longest: int) -> Iterator[NDArray[np.uint64]]:
    """Hashes of all substrings of one letter, then of two, and so on up to *longest*."""
    hashes = np.zeros(len(points), np.uint64)
    for length in range(1, min(longest, len(points)) + 1):
        hashes = hashes[: len(points) - length + 1] * _FACTOR + points[length - 1 :]
        yield hashes


def _points(text: str) -> NDArray[np.uint64]:
    return np.frombuffer(text.encode("utf-32-le"), "<u4").astype(np.uint64) + np.uint64(1)


def _replacements(normalizer: _Json | None) -> list[tuple[str, str]] | None:
    """Replacements, old and new; None if a text is changed in another way."""
    # Texts come in small letters already; see `normalize`.
    if normalizer is None or normalizer["type"] == "Lowercase":
        return []
    if normalizer["type"] == "Sequence":
        parts = [_replacements(part) for part in normalizer["normalizers"]]
        return None if None in parts else [pair for part in parts if part is not None for pair in part]
    old = normalizer.get("pattern", {}).get("String") if normalizer["type"] == "Replace" else None
    # A pattern of several letters could lie across a border at which the text is split first.
    return [(old, normalizer["content"])] if isinstance(old, str) and len(old) == 1 else None


def _only_splits(pre_tokenizer: _Json | None) -> bool:
    """Return whether texts are split and not changed."""
    if pre_tokenizer is not None and pre_tokenizer["type"] == "Sequence":
        return all(_only_splits(part) for part in pre_tokenizer["pretokenizers"])
    return pre_tokenizer is None or pre_tokenizer["type"] == "Split"


def _is_plain(model: _Json) -> bool:
    unusual = ("dropout", "continuing_subword_prefix", "end_of_word_suffix")
    return model["type"] == "BPE" and not any(model.get(name) for name in unusual)


def _is_byte(piece: str) -> bool:
    return len(piece) == len("<0x00>") and piece.startswith("<0x") and piece.endswith(">")
