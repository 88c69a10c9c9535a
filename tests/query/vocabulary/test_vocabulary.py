"""Vocabulary files: formats, and problems that are reported."""

import codecs
import csv
import os
import threading
from collections import Counter
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from query.errors import VocabularyError
from query.vocabulary import (
    SHIPPED,
    ancestors,
    difference,
    find_label,
    normalized_name,
    read_vocabulary,
    shipped_vocabulary,
    write_vocabulary,
)
from query.vocabulary.reader import parse_vocabulary
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


def test_the_whole_text_format(tmp_path):
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
def test_csv_files(tmp_path, delimiter):
    rows = ["label,category,threshold", "dog,animals,0.5", "red car,,", ",,"]
    vocabulary = read(tmp_path, "\n".join(rows).replace(",", delimiter), "mine.csv")
    assert vocabulary.labels == (
        LabelDefinition("dog", three("dog"), "animals", (), 0.5),
        LabelDefinition("red car", three("red car")),
    )


def test_lists_in_csv_fields(tmp_path):
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
        (b"\x89PNG\r\n\x1a\n\0\0\0", None, "not a text file"),
        (b"dog\ncat\n\xe9t\xe9\n", 3, "not text in UTF-8"),
        ("dog\ncat\nDog", 3, "'Dog' is in line 1 already"),
        ("x" * 201, 1, "more than 200 characters"),
        ("dog @ 7", 1, "not a probability"),
        ("% threshold lots\ndog", 1, "not a probability"),
        ("% colour red\ndog", 1, "none of"),
        ("dog\ncat: ;", 2, "no prompts"),
        ("dog\n = hound", 2, "no label"),
        ("do\x07g", 1, "control characters"),
        ("dog: a\x1b[2J", 1, "control characters"),
    ],
)
def test_problems_are_reported_with_their_lines(tmp_path, content, line, what):
    found = problems(tmp_path, content)
    assert any(number == line and what in message for number, message in found), found


def test_all_problems_are_collected_and_the_message_is_short(tmp_path):
    found = problems(tmp_path, "a\na\nb\nb\nc\nc\nd\nd\ne\ne")
    assert [line for line, _ in found] == [2, 4, 6, 8, 10]
    with pytest.raises(VocabularyError, match="and 2 more"):
        read(tmp_path, "a\na\nb\nb\nc\nc\nd\nd\ne\ne")


@pytest.mark.parametrize(
    ("content", "what"),
    [("name\ndog", "no column 'label'"), ("label,colour\ndog,red", "'colour'"), ("label\ndog,x", "more fields")],
)
def test_problems_of_csv_files_are_reported(tmp_path, content, what):
    assert any(what in message for _, message in problems(tmp_path, content, "mine.csv"))


def test_a_missing_file_and_a_folder_are_errors(tmp_path):
    with pytest.raises(VocabularyError, match="no such file"):
        read_vocabulary(tmp_path / "none.txt")
    with pytest.raises(VocabularyError, match="a folder"):
        read_vocabulary(tmp_path)


def test_joiners_are_not_control_characters(tmp_path):
    family, bookshop = (
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",
        "\u06a9\u062a\u0627\u0628\u200c\u0641\u0631\u0648\u0634\u06cc",
    )
    assert [label.name for label in read(tmp_path, f"{family}\n{bookshop}\n").labels] == [family, bookshop]


def test_a_backslash_makes_marks_literal(tmp_path):
    label, other = read(tmp_path, r"\#1: a\; b; c \@ 1 = x\, y, z" + "\n" + r"C:\\temp").labels
    assert label == LabelDefinition("#1", three("a; b") + three("c @ 1"), None, ("x, y", "z"))
    assert other.name == "C:\\temp"


def test_a_pipe_is_read_to_its_end(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=("dog\ncat\n",))
    writer.start()
    assert [label.name for label in read_vocabulary(tmp_path / "pipe").labels] == ["dog", "cat"]
    writer.join()


def test_an_endless_file_is_an_error():
    with pytest.raises(VocabularyError, match="more than 20 MB"):
        read_vocabulary(Path("/dev/zero"))


def test_an_error_shows_the_path_safely():
    with pytest.raises(VocabularyError) as caught:
        read_vocabulary(Path("a\x1b[2J.txt"))
    assert str(caught.value).isprintable()


#: All that a label may hold, with every mark of the text format: YAML and CSV fields may contain them anywhere.
marks = st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]) | st.sampled_from("\\#%[]:;=,@{}>- \"'|&*!?")
names = st.text(marks, min_size=1, max_size=12).map(str.strip).filter(normalized_name)
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


@given(
    st.lists(labels, min_size=1, max_size=6, unique_by=lambda label: normalized_name(label.name)),
    probabilities,
    st.lists(st.lists(st.integers(0, 5), max_size=2, unique=True), min_size=6, max_size=6),
    st.lists(st.sets(st.integers(0, 5), min_size=1), max_size=3),
)
def test_a_written_vocabulary_reads_back_the_same(tmp_path_factory, members, threshold, above, groups):
    path = tmp_path_factory.mktemp("vocabulary") / "mine.txt"
    # Parents precede their children, so there are no cycles, and no parent is another label's alias.
    taken = {normalized_name(label.name) for label in members}
    members = [
        replace(one, aliases=tuple(a for a in one.aliases if normalized_name(a) not in taken)) for one in members
    ]
    for at, places in enumerate(above[: len(members)]):
        parents = tuple(members[place].name for place in places if place < at)
        members[at] = replace(members[at], parents=parents)
    exclusive = [tuple(members[at].name for at in sorted(places) if at < len(members)) for places in groups]
    definition = VocabularyDefinition("mine", tuple(members), threshold, tuple(filter(None, exclusive)))
    path.write_bytes(write_vocabulary(definition).encode("utf-8"))
    assert read_vocabulary(path) == definition


#: Fields as people and programs write them: with blanks around, ends of lines that only Python knows, and odd spaces.
fields = st.text(marks | st.sampled_from(" \t\f\v\x85\u2028\u2029\xa0\u3000"), max_size=10)
rows = st.fixed_dictionaries(
    {"label": fields},
    optional={
        "category": fields,
        "texts": st.lists(fields, max_size=2),
        "aliases": st.lists(fields, max_size=2),
        "threshold": st.floats(0, 1),
        "group": st.sampled_from(["one", "two"]),
    },
)


def as_yaml(table):
    groups = {row["group"] for row in table if "group" in row}
    exclusive = [[row["label"] for row in table if row.get("group") == group] for group in sorted(groups)]
    plain = [{name: value for name, value in row.items() if name != "group"} for row in table]
    return yaml.safe_dump({"labels": plain, "exclusive": exclusive}, allow_unicode=True)


def as_csv(table):
    out = StringIO()
    writer = csv.DictWriter(out, ["label", "category", "texts", "aliases", "threshold", "group"])
    writer.writeheader()
    for row in table:
        writer.writerow({name: ";".join(value) if isinstance(value, list) else value for name, value in row.items()})
    return out.getvalue()


@given(st.lists(rows, min_size=1, max_size=4), st.sampled_from([("yaml", as_yaml), ("csv", as_csv)]))
def test_whatever_is_imported_can_be_exported_and_imported_again(tmp_path_factory, table, form):
    ending, write = form
    folder = tmp_path_factory.mktemp("vocabulary")
    (folder / f"mine.{ending}").write_bytes(write(table).encode("utf-8"))
    try:
        definition = read_vocabulary(folder / f"mine.{ending}")
    except VocabularyError:
        return
    (folder / "mine.txt").write_bytes(write_vocabulary(definition).encode("utf-8"))
    assert read_vocabulary(folder / "mine.txt") == definition


@pytest.mark.parametrize("mark", "\f\v\x1c\x85\u2028\u2029")
def test_a_mark_that_is_no_line_end_makes_no_two_labels(tmp_path, mark):
    (tmp_path / "v.txt").write_text(f"our{mark}cat\ndog\n", "utf-8")
    with pytest.raises(VocabularyError, match="line 1.*control characters"):
        read_vocabulary(tmp_path / "v.txt")


def test_a_group_of_one_label_is_kept(tmp_path):
    (tmp_path / "v.yaml").write_text("labels: [dog, cat]\nexclusive: [[dog], [cat, dog], []]\n")
    definition = read_vocabulary(tmp_path / "v.yaml")
    assert definition.exclusive == (("dog",), ("cat", "dog"))
    (tmp_path / "v.txt").write_text(write_vocabulary(definition))
    assert read_vocabulary(tmp_path / "v.txt") == definition


def test_blanks_around_a_category_mean_nothing(tmp_path):
    (tmp_path / "v.yaml").write_text(
        "labels:\n  - {label: dog, category: ' animals '}\n  - {label: cat, category: ' '}\n"
    )
    assert [label.category for label in read_vocabulary(tmp_path / "v.yaml").labels] == ["animals", None]


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_vocabularies_are_valid_and_read_back_the_same(tmp_path, name):
    definition = shipped_vocabulary(name)
    (tmp_path / f"{name}.txt").write_text(write_vocabulary(definition), "utf-8")
    assert read_vocabulary(tmp_path / f"{name}.txt") == definition
    assert all(label.category for label in definition.labels)


def test_the_default_vocabulary_is_large_and_has_no_duplicates():
    definition = shipped_vocabulary("photographic")
    assert len(definition.labels) >= 6500
    names = [name for label in definition.labels for name in (label.name, *label.aliases)]
    folded = Counter(normalized_name(name, folded=True) for name in names)
    assert [name for name, count in folded.items() if count > 1] == []
    assert sum(bool(label.parents) for label in definition.labels) > len(definition.labels) / 2
    groups = [set(group) for group in definition.exclusive]
    assert {"indoors", "outdoors"} in groups
    assert any({"daytime", "night"} <= group or {"day", "night"} <= group for group in groups)


def test_homonyms_in_the_default_vocabulary_have_prompts():
    vocabulary = shipped_vocabulary("photographic")
    for name in ("crane bird", "construction crane", "computer mouse", "seal"):
        label = find_label(vocabulary, name)
        assert label is not None, name
        assert label.texts != (f"a photo of {label.name}",), name


def test_a_csv_file_may_have_any_line_ends(tmp_path):
    for ends in ("\n", "\r\n", "\r"):
        path = tmp_path / "words.csv"
        path.write_bytes(ends.join(["label,category", "dog,animals", "cat,animals", ""]).encode())
        assert [label.name for label in read_vocabulary(path).labels] == ["dog", "cat"]


def test_a_file_name_that_is_not_text_adds_no_label(tmp_path):
    path = tmp_path / os.fsdecode(b"b\xffirds\ncat.txt")
    path.write_text("dog\n")
    read = read_vocabulary(path)
    assert [label.name for label in parse_vocabulary(write_vocabulary(read), "x", path).labels] == ["dog"]
    read.name.encode()
    named = VocabularyDefinition("a\ncat", read.labels)
    assert [label.name for label in parse_vocabulary(write_vocabulary(named), "x", path).labels] == ["dog"]


def parsed(text, name="v.txt"):
    return parse_vocabulary(text, "v", Path(name))


def problems_of(text, name="v.txt"):
    with pytest.raises(VocabularyError) as caught:
        parsed(text, name)
    return [(problem.line, problem.what) for problem in caught.value.problems]


def parents_of(vocabulary):
    return {label.name: label.parents for label in vocabulary.labels}


def test_parents_are_given_by_marks_or_paths():
    marked = parsed("animal\n> bird\n>> kestrel = windhover\n> fish\nrock\n")
    assert parents_of(marked) == {
        "animal": (),
        "bird": ("animal",),
        "kestrel": ("bird",),
        "fish": ("animal",),
        "rock": (),
    }
    path = parsed("animal > bird > kestrel\npet, ANIMAL > dog\n")
    assert parents_of(path) == {
        "kestrel": ("bird",),
        "dog": ("pet", "animal"),
        "animal": (),
        "bird": ("animal",),
        "pet": (),
    }
    assert ancestors(path.labels) == {"kestrel": ("bird", "animal"), "dog": ("pet", "animal"), "bird": ("animal",)}


def test_contradictory_labels_are_reported_with_their_lines():
    assert problems_of("animal\n>> bird\n") == [(2, "there is no label above it with 1 marks '>'")]
    assert problems_of("a > b\nb > a\n") == [
        (1, "the label 'b' is among its own parents"),
        (2, "the label 'a' is among its own parents"),
    ]
    assert problems_of("% exclusive day, nigt\nday\nnight\n") == [(1, "there is no label 'nigt'")]


def test_csv_and_yaml_have_groups_and_parents_too():
    expected = {"bird": (), "kestrel": ("bird",), "day": (), "night": ()}
    table = parsed("label,parents,group\nbird,,\nkestrel,Bird,\nday,,time\nnight,,time\n", "v.csv")
    structure = parsed(
        "exclusive: [[day, night]]\nlabels:\n- bird\n- label: kestrel\n  parents: bird\n- day\n- night\n", "v.yaml"
    )
    text = parsed("% exclusive day, night\nbird\n> kestrel\nday\nnight\n")
    for vocabulary in (table, structure, text):
        assert parents_of(vocabulary) == expected
        assert vocabulary.exclusive == (("day", "night"),)


def test_yaml_expresses_all_that_text_does():
    vocabulary = parsed(
        """
threshold: 0.01
templates: ["a photo of {}"]
labels:
  - label: crane
    prompts: [a crane bird, a tall bird]
    aliases: [common crane]
    category: birds
    threshold: 0.002
  - label: our cat
    texts: a grey cat on a sofa
""",
        "v.yml",
    )
    crane, cat = vocabulary.labels
    assert crane.texts == ("a photo of a crane bird", "a photo of a tall bird")
    assert (crane.aliases, crane.category, crane.threshold) == (("common crane",), "birds", 0.002)
    assert (cat.texts, vocabulary.threshold) == (("a grey cat on a sofa",), 0.01)
    assert [label.name for label in parsed("- dog\n- cat\n", "v.yaml").labels] == ["dog", "cat"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("labels: [dog\n", 2),
        ("labels:\n- label: dog\n  prompt: x\n", 3),
        ("labels: dog\n", 1),
        ("templates: [no place]\nlabels: [dog]\n", 1),
        ("labels:\n- dog\n- [cat]\n", 3),
        ("labels:\n- dog\n- dog\n", 3),
        ("", None),
        ("labels:\n- !!python/object/apply:os.system [x]\n", 2),
    ],
)
def test_problems_of_yaml_files_are_reported_with_their_lines(text, line):
    assert problems_of(text, "v.yaml")[0][0] == line


def test_labels_are_found_by_names_aliases_and_plurals():
    vocabulary = parsed("berry\nfox = Vulpes vulpes\nglass\nbeach = seaside\n")

    def name(asked):
        found = find_label(vocabulary, asked)
        return None if found is None else found.name

    asked = ("Berries", "foxes", "glasses", "beaches", "SEASIDE", "vulpes  vulpes")
    assert [name(each) for each in asked] == ["berry", "fox", "glass", "beach", "beach", "fox"]
    assert name("dog") is None


def test_differences_are_listed_label_by_label():
    before = parsed("% exclusive day, night\nday\nnight\ndog\ncat @ 0.1\n")
    after = parsed("day\nnight\npet > dog: a dog\ncat @ 0.2\n")
    found = difference(before, after)
    assert (found.added, found.removed, found.whole) == (("pet",), (), ("exclusive",))
    assert found.changed == (("dog", ("texts", "parents")), ("cat", ("threshold",)))
    assert not difference(before, before)
    assert difference(after, before).removed == ("pet",)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "{" * 100_000,
        "- " * 5000 + "x",
        "- " * 100_000,
        '- "\\ud800"',
        '- "\\UFFFFFFFF"',
        "a: " * 3000,
        "\0",
    ],
)
def test_no_yaml_ends_the_program(text):
    assert len(problems_of(text, "v.yaml")) == 1


def test_thousands_of_parents_take_no_time_by_themselves():
    chain = "".join(f"- label: a{n}\n  parents: [a{n + 1}]\n" for n in range(1000))
    parsed(f"{chain}- a1000\n", "v.yaml")
    problems = problems_of(f"{chain}- label: a1000\n  parents: [a0]\n", "v.yaml")
    assert len(problems) == 20
    assert all("among its own parents" in problem for _, problem in problems)
