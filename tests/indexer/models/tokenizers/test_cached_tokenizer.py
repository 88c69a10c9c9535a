"""A cached tokenizer gives the ids of transformers, and is never one of other files."""

import json
import os
import shutil

import numpy as np
import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.models import open_checkpoint
from indexer.models.tokenizers.byte_pair import piece_table
from indexer.models.tokenizers.cached_tokenizer import SpecialToken, load_cached_tokenizer
from indexer.models.tokenizers.tokenizer import Tokenizer, normalize

KINDS = ["v1", "v1 of 16 tokens", "v2", "v2 of two widths", "v2 with marks"]
WORDS = [
    *[
        "the",
        "quick",
        "brown",
        "fox",
        "jumps",
        "over",
        "two",
        "cats",
        "on",
        "beach",
        "at",
        "sunset",
        "photo",
        "of",
        "a",
    ],
    "<table>",
    "\u2581",
    "…",
    "<eos>",
]
TEXTS = st.text(max_size=90) | st.lists(st.sampled_from([*WORDS, " ", "  ", "\n", "é", "日本"])).map("".join)


@pytest.fixture(scope="module")
def references(checkpoints):
    return {kind: Tokenizer(open_checkpoint(folder)) for kind, folder in checkpoints.items()}


@pytest.fixture(scope="module")
def ours(checkpoints, kept):
    return {kind: load_cached_tokenizer(open_checkpoint(folder), kept) for kind, folder in checkpoints.items()}


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None)
@given(texts=st.lists(TEXTS, max_size=3))
def test_ids_equal_those_of_transformers(references, ours, kind, texts):
    plain = [normalize(text) for text in texts]
    try:
        tokens, lengths = ours[kind].tokens(plain), ours[kind].lengths(plain)
    except SpecialToken:
        assert kind.startswith("v1")
        assert any(mark in text for text in plain for mark in ("</s>", "<unk>", "\uff1c"))
        return
    np.testing.assert_array_equal(tokens, references[kind].tokens(texts))
    assert [length > tokens.shape[1] for length in lengths] == references[kind].truncated(texts)


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_of_ten_thousand_words_is_truncated_as_in_transformers(references, ours, kind):
    long = ["beach sunset über " * 3_000]
    np.testing.assert_array_equal(ours[kind].tokens([normalize(long[0])]), references[kind].tokens(long))
    assert ours[kind].lengths(long)[0] > 3_000


@pytest.mark.parametrize("kind", KINDS)
def test_many_texts_have_the_same_ids_as_each_alone(references, ours, kind):
    many = [f"{one} {other}" for one in WORDS for other in WORDS if "<" not in one + other]
    assert len(many) > 256, "as many share a tokenizer"
    np.testing.assert_array_equal(ours[kind].tokens(many), references[kind].tokens(many))


def test_texts_with_special_tokens_of_version_1_go_to_transformers(checkpoints, kept, references, ours):
    odd = ["two cats", "a </s> b"]
    with pytest.raises(SpecialToken):
        ours["v1"].tokens(odd)
    either = Tokenizer(open_checkpoint(checkpoints["v1"]), kept)
    np.testing.assert_array_equal(either.tokens(odd), references["v1"].tokens(odd))
    assert either.truncated(odd) == [False, False]


@pytest.fixture
def own(checkpoints, tmp_path):
    """A checkpoint of this test, and a folder with its cached tokenizer."""
    folder = shutil.copytree(checkpoints["v2"], tmp_path / "own")
    Tokenizer(open_checkpoint(folder), tmp_path / "kept").tokens(["a"])
    return open_checkpoint(folder), tmp_path / "kept"


def test_a_tokenizer_cached_from_other_files_is_not_used(own):
    checkpoint, kept = own
    assert load_cached_tokenizer(checkpoint, kept) is not None
    path = checkpoint.folder / "tokenizer_config.json"
    stamp = path.stat()
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns + 1))
    assert load_cached_tokenizer(checkpoint, kept) is None
    Tokenizer(checkpoint, kept).tokens(["a"])
    assert load_cached_tokenizer(checkpoint, kept) is not None


def test_a_changed_tokenizer_replaces_the_cached_one(own, checkpoints):
    checkpoint, kept = own
    before = load_cached_tokenizer(checkpoint, kept).tokens(["a sunset"])
    shutil.copy(checkpoints["v2 with marks"] / "tokenizer.json", checkpoint.folder)
    Tokenizer(checkpoint, kept).tokens(["a"])
    now = load_cached_tokenizer(checkpoint, kept).tokens(["a sunset"])
    assert (now != before).any()
    np.testing.assert_array_equal(now, Tokenizer(checkpoint).tokens(["a sunset"]))
    assert len(list(kept.iterdir())) == 1


@pytest.mark.parametrize("share", [0, 0.001, 0.5, 0.999])
def test_a_damaged_cache_is_ignored_and_replaced(own, share):
    checkpoint, kept = own
    (path,) = kept.iterdir()
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    assert load_cached_tokenizer(checkpoint, kept) is None
    Tokenizer(checkpoint, kept).tokens(["a"])
    assert len(path.read_bytes()) == len(content)
    assert load_cached_tokenizer(checkpoint, kept) is not None


def test_nothing_is_cached_in_a_read_only_folder(checkpoints, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    checkpoint = open_checkpoint(checkpoints["v2"])
    assert Tokenizer(checkpoint, tmp_path / "file" / "kept").tokens(["a"]).shape == (1, 64)
    assert load_cached_tokenizer(checkpoint, tmp_path / "file" / "kept") is None


def test_tokenizers_of_two_checkpoints_are_cached_separately(checkpoints, kept):
    assert len(list(kept.iterdir())) == len(checkpoints)


@pytest.mark.parametrize(
    "change",
    [
        {"normalizer": {"type": "NFKC"}},
        {"normalizer": {"type": "Replace", "pattern": {"String": "ab"}, "content": "c"}},
        {"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}},
        {"pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}},
        {"model": {"type": "WordLevel", "vocab": {"<unk>": 0}, "unk_token": "<unk>"}, "added_tokens": []},
    ],
)
def test_tokenizers_that_need_other_pieces_are_not_cached(checkpoints, change):
    whole = json.loads((checkpoints["v2"] / "tokenizer.json").read_text())
    assert piece_table(tokenizers.Tokenizer.from_str(json.dumps(whole)).to_str()) is not None
    assert piece_table(tokenizers.Tokenizer.from_str(json.dumps({**whole, **change})).to_str()) is None


def test_a_tokenizer_with_a_token_unknown_to_its_model_is_not_cached(checkpoints):
    tokenizer = tokenizers.Tokenizer.from_file(str(checkpoints["v2"] / "tokenizer.json"))
    tokenizer.add_tokens(["<new>"])
    assert piece_table(tokenizer.to_str()) is None
