"""Vocabulary files: what is taken, and what is named instead."""

import codecs
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from query import SHIPPED, VocabularyError, read_vocabulary, shipped_vocabulary, write_vocabulary
from query.vocabulary.reading import normalised, parse_vocabulary
from store import LabelDefinition, VocabularyDefinition

FULL = """\
# birds
% threshold 0.25

[water birds]
kingfisher
heron = grey heron, great blue heron
crane: a crane bird; a tall wading bird @ 0.01
[]
our duck:: a white duck on a pond
"""


def read(tmp_path, content, name="mine.txt"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_vocabulary(path)


def problems(tmp_path, content, name="mine.txt"):
    with pytest.raises(VocabularyError) as caught:
        read(tmp_path, content, name)
    assert name in str(caught.value)
    return [(problem.line, problem.what) for problem in caught.value.problems]


def three(prompt):
    return (prompt, f"a photo of {prompt}", f"this is a photo of {prompt}")


def test_a_label_a_line_is_enough(tmp_path):
    vocabulary = read(tmp_path, "dog\n\n  red   car \n3D CG rendering")
    assert (vocabulary.name, vocabulary.threshold) == ("mine", None)
    assert [label.name for label in vocabulary.labels] == ["dog", "red   car", "3D CG rendering"]
    assert vocabulary.labels[0].texts == three("dog")


def test_the_whole_text_form(tmp_path):
    vocabulary = read(tmp_path, FULL)
    assert vocabulary.threshold == 0.25
    kingfisher, heron, crane, duck = vocabulary.labels
    assert kingfisher == LabelDefinition("kingfisher", three("kingfisher"), "water birds")
    assert heron.aliases == ("grey heron", "great blue heron")
    assert crane.texts == three("a crane bird") + three("a tall wading bird")
    assert crane.threshold == 0.01
    assert duck == LabelDefinition("our duck", ("a white duck on a pond",), None)


def test_templates_of_the_file_replace_the_defaults(tmp_path):
    vocabulary = read(tmp_path, "dog\n% template a drawing of {}\n")
    assert vocabulary.labels[0].texts == ("a drawing of dog",)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_tables(tmp_path, delimiter):
    rows = ["label,category,threshold", "dog,animals,0.5", "red car,,", ",,"]
    vocabulary = read(tmp_path, "\n".join(rows).replace(",", delimiter), "mine.csv")
    assert vocabulary.labels == (
        LabelDefinition("dog", three("dog"), "animals", (), 0.5),
        LabelDefinition("red car", three("red car")),
    )


def test_lists_in_tables(tmp_path):
    vocabulary = read(
        tmp_path, 'label,prompts,aliases,texts\ncrane,"a bird; a wader",c1;c2,\nx,,,"just this"\n', "m.csv"
    )
    assert vocabulary.labels[0].texts == three("a bird") + three("a wader")
    assert vocabulary.labels[0].aliases == ("c1", "c2")
    assert vocabulary.labels[1].texts == ("just this",)


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
    ],
)
def test_byte_order_marks_and_line_ends_make_no_difference(tmp_path, encode):
    assert read(tmp_path, encode(FULL)) == read(tmp_path, FULL)


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        ("", None, "no labels"),
        ("# only this\n\n", None, "no labels"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", None, "no text file"),
        (b"dog\ncat\n\xe9t\xe9\n", 3, "no text in UTF-8"),
        ("dog\ncat\nDog", 3, "'Dog' is in line 1 already"),
        ("x" * 201, 1, "more than 200 characters"),
        ("dog @ 7", 1, "no probability"),
        ("% threshold lots\ndog", 1, "no probability"),
        ("% colour red\ndog", 1, "neither"),
        ("dog\ncat: ;", 2, "no prompts"),
        ("dog\n = hound", 2, "no label"),
        ("do\x07g", 1, "control characters"),
        ("dog: a\x1b[2J", 1, "control characters"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path, content, line, what):
    found = problems(tmp_path, content)
    assert any(number == line and what in said for number, said in found), found


def test_all_problems_are_named_at_once_and_the_sentence_stays_short(tmp_path):
    found = problems(tmp_path, "a\na\nb\nb\nc\nc\nd\nd\ne\ne")
    assert [line for line, _ in found] == [2, 4, 6, 8, 10]
    with pytest.raises(VocabularyError, match="and 2 more"):
        read(tmp_path, "a\na\nb\nb\nc\nc\nd\nd\ne\ne")


@pytest.mark.parametrize(
    ("content", "what"),
    [("name\ndog", "no column 'label'"), ("label,colour\ndog,red", "'colour'"), ("label\ndog,x", "more fields")],
)
def test_broken_tables_are_named(tmp_path, content, what):
    assert any(what in said for _, said in problems(tmp_path, content, "mine.csv"))


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(VocabularyError, match="no such file"):
        read_vocabulary(tmp_path / "none.txt")
    with pytest.raises(VocabularyError, match="a folder"):
        read_vocabulary(tmp_path)


def test_joiners_are_part_of_words_and_not_control_characters(tmp_path):
    family, bookshop = (
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",
        "\u06a9\u062a\u0627\u0628\u200c\u0641\u0631\u0648\u0634\u06cc",
    )
    assert [label.name for label in read(tmp_path, f"{family}\n{bookshop}\n").labels] == [family, bookshop]


def test_marks_after_a_backslash_mean_themselves(tmp_path):
    label, other = read(tmp_path, r"\#1: a\; b; c \@ 1 = x\, y, z" + "\n" + r"C:\\temp").labels
    assert label == LabelDefinition("#1", three("a; b") + three("c @ 1"), None, ("x, y", "z"))
    assert other.name == "C:\\temp"


def test_a_pipe_is_read_to_its_end(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=("dog\ncat\n",))
    writer.start()
    assert [label.name for label in read_vocabulary(tmp_path / "pipe").labels] == ["dog", "cat"]
    writer.join()


def test_what_never_ends_is_refused():
    with pytest.raises(VocabularyError, match="more than 20 MB"):
        read_vocabulary(Path("/dev/zero"))


def test_a_path_is_safe_to_show():
    with pytest.raises(VocabularyError) as caught:
        read_vocabulary(Path("a\x1b[2J.txt"))
    assert str(caught.value).isprintable()


#: With every mark of the text form: a table may hold them anywhere.
words = st.text(st.characters(categories=["L", "N"]) | st.sampled_from("\\#%[]:;=,@{}"), min_size=1, max_size=8)
names = st.lists(words, min_size=1, max_size=3).map(" ".join)
probabilities = st.none() | st.floats(0, 1)
labels = st.builds(
    lambda name, texts, category, aliases, threshold: LabelDefinition(
        name, tuple(texts) or three(name), category, tuple(aliases), threshold
    ),
    names,
    st.lists(names, max_size=3),
    st.none() | names,
    st.lists(names, max_size=2),
    probabilities,
)


@given(st.lists(labels, min_size=1, max_size=6, unique_by=lambda label: normalised(label.name)), probabilities)
def test_what_is_written_reads_back_the_same(tmp_path_factory, members, threshold):
    path = tmp_path_factory.mktemp("vocabulary") / "mine.txt"
    definition = VocabularyDefinition("mine", tuple(members), threshold)
    path.write_text(write_vocabulary(definition), "utf-8")
    assert read_vocabulary(path) == definition


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_vocabularies_are_sound_and_read_back_the_same(tmp_path, name):
    definition = shipped_vocabulary(name)
    (tmp_path / f"{name}.txt").write_text(write_vocabulary(definition), "utf-8")
    assert read_vocabulary(tmp_path / f"{name}.txt") == definition
    assert all(label.category for label in definition.labels)


def test_the_default_vocabulary_has_more_than_five_hundred_labels_in_categories():
    definition = shipped_vocabulary("photographic")
    assert len(definition.labels) > 500
    assert len({label.category for label in definition.labels}) >= 20


def test_a_table_may_have_the_line_ends_of_any_system(tmp_path):
    for ends in ("\n", "\r\n", "\r"):
        path = tmp_path / "words.csv"
        path.write_bytes(ends.join(["label,category", "dog,animals", "cat,animals", ""]).encode())
        assert [label.name for label in read_vocabulary(path).labels] == ["dog", "cat"]


def test_a_files_name_need_be_no_text_and_makes_no_label(tmp_path):
    path = tmp_path / os.fsdecode(b"b\xffirds\ncat.txt")
    path.write_text("dog\n")
    read = read_vocabulary(path)
    assert [label.name for label in parse_vocabulary(write_vocabulary(read), "x", path).labels] == ["dog"]
    read.name.encode()
    named = VocabularyDefinition("a\ncat", read.labels)
    assert [label.name for label in parse_vocabulary(write_vocabulary(named), "x", path).labels] == ["dog"]
