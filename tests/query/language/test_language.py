"""Parsing and formatting of queries."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given

from query.errors import BadQuery, EmptyQuery
from query.language import (
    FILTER_TYPES,
    Circle,
    CyclicRange,
    DateRange,
    Filter,
    NumberRange,
    PartialDate,
    Text,
    format_query,
    parse,
    parse_line,
)
from tests.strategies import QUERIES, TYPED


def texts(*words: str) -> list[tuple[str, float]]:
    """Return texts or paths and weights of the terms of *words*."""
    return [(term.text if isinstance(term, Text) else term.path, term.weight) for term in parse(words).terms]


def only(word: str) -> Filter:
    (found,) = parse([word]).filters
    return found


@pytest.mark.parametrize(("typed", "shown"), [("10km", "10km"), ("2.5", "2.5km"), ("800m", "800m"), ("2500m", "2.5km")])
def test_a_distance_is_formatted_for_people(typed, shown):
    assert format_query(parse([f"near:48.85,2.35,{typed}"])) == f"near:48.85,2.35,{shown}"


@pytest.mark.parametrize(
    ("words", "terms"),
    [
        (["beach", "at", "sunset"], [("beach at sunset", 1)]),
        (["beach at sunset"], [("beach at sunset", 1)]),
        (["dog", "+", "beach", "-", "people"], [("dog", 1), ("beach", 1), ("people", -1)]),
        (["dog", "+beach", "-people"], [("dog", 1), ("beach", 1), ("people", -1)]),
        (["beach", "-people", "at", "sunset"], [("beach at sunset", 1), ("people", -1)]),
        (["beach", "-", "people", "walking"], [("beach", 1), ("people walking", -1)]),
        (["-people walking", "beach"], [("people walking", -1), ("beach", 1)]),
        (["+golden hour"], [("golden hour", 1)]),
        (["dog on the beach", "red car"], [("dog on the beach", 1), ("red car", 1)]),
        (["black-and-white", "t-shirt"], [("black-and-white t-shirt", 1)]),
        (["2:dog", "0.5:red car", "-.5:cat"], [("dog", 2), ("red car", 0.5), ("cat", -0.5)]),
        (["-", "2:dog", "walking"], [("dog", -2), ("walking", 1)]),
        (["./a.jpg", "-", "~/b.jpg", "/c d.jpg"], [("./a.jpg", 1), ("~/b.jpg", -1), ("/c d.jpg", 1)]),
        (["./a.jpg + snow"], [("./a.jpg", 1), ("snow", 1)]),
        (["./a - copy.jpg", "2:like:b.jpg"], [("./a - copy.jpg", 1), ("b.jpg", 2)]),
        (['dog -"red car" 2:"blue sky"'], [("dog", 1), ("red car", -1), ("blue sky", 2)]),
        (['"tag:dog"', '"- \\"a\\" \\\\"'], [("tag:dog", 1), ('- "a" \\', 1)]),
        (["\\tag:dog", "\\-5"], [("tag:dog -5", 1)]),
    ],
)
def test_words_are_parsed_as_terms(words, terms):
    assert texts(*words) == terms


@pytest.mark.parametrize(
    "text", ["3:30 train", "note: x", "http://example.org/a", "16:9", "hello :)", "hello:)", "C:\\photos", '5" screen']
)
def test_colons_and_quotes_in_ordinary_text_are_text(text):
    assert texts(text) == [(text, 1)]
    assert texts(*text.split()) == [(text, 1)]


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("tag:dog|cat", Filter("tag", ("dog", "cat"))),
        ("-tag:indoor", Filter("tag", ("indoor",), negated=True)),
        ("+label:our cat", Filter("tag", ("our cat",))),
        ("in:2019/Italy", Filter("in", ("2019/Italy",))),
        ("in:My Photos - 2019", Filter("in", ("My Photos - 2019",))),
        ('in:"2019 Italy"|x', Filter("in", ("2019 Italy", "x"))),
        ("after:2022-06", Filter("after", (PartialDate(2022, 6),))),
        ("before:2022/06/07", Filter("before", (PartialDate(2022, 6, 7),))),
        ("date:2019..2020-07", Filter("date", (DateRange(PartialDate(2019), PartialDate(2020, 7)),))),
        ("date:>2019", Filter("date", (DateRange(PartialDate(2019), None, takes_low=False),))),
        ("year:2019..2021", Filter("year", (NumberRange(2019, 2021),))),
        ("year:2019|2021", Filter("year", (NumberRange(2019, 2019), NumberRange(2021, 2021)))),
        ("month:December", Filter("month", (CyclicRange(12, 12),))),
        ("month:nov..feb", Filter("month", (CyclicRange(11, 2),))),
        ("weekday:sat..sun", Filter("weekday", (CyclicRange(6, 7),))),
        ("time:evening", Filter("time", (CyclicRange(17 * 60, 21 * 60 - 1),))),
        ("time:18", Filter("time", (CyclicRange(18 * 60, 19 * 60 - 1),))),
        ("time:22:30..6", Filter("time", (CyclicRange(22 * 60 + 30, 6 * 60),))),
        ("time:afternoon..night", Filter("time", (CyclicRange(12 * 60, 5 * 60 - 1),))),
        ("time:<morning", Filter("time", (CyclicRange(0, 5 * 60 - 1),))),
        ("near:48.85,2.35,10km", Filter("near", (Circle(48.85, 2.35, 10_000),))),
        ("near:-33,151", Filter("near", (Circle(-33, 151, 1000),))),
        ("rating:4..", Filter("rating", (NumberRange(4, None),))),
        ("id:12|15..18", Filter("id", (NumberRange(12, 12), NumberRange(15, 18)))),
        ("size:>12mp", Filter("mp", (NumberRange(12, None, takes_low=False),))),
        ("size:12mp", Filter("mp", (NumberRange(11.5, 12.5),))),
        ("size:5mb..", Filter("filesize", (NumberRange(5e6, None),))),
        ("size:5MB..0.01gb", Filter("filesize", (NumberRange(5e6, 1e7),))),
        ("size:12mp..", Filter("mp", (NumberRange(12, None),))),
        ("size:<=2.5MB", Filter("filesize", (NumberRange(None, 2_500_000),))),
        ("name:*.png", Filter("name", ("*.png",))),
        ("format:heic", Filter("format", ("HEIF",))),
        ("f:f/1.8..2.8", Filter("aperture", (NumberRange(1.8, 2.8),))),
        ("exposure:<1/250s", Filter("exposure", (NumberRange(None, 1 / 250, takes_high=False),))),
        ("focal:85mm", Filter("focal", (NumberRange(85, 85),))),
        ("is:duplicate", Filter("is", ("duplicate",))),
        ("-has:location", Filter("has", ("gps",), negated=True)),
        ("- iso:..400", Filter("iso", (NumberRange(None, 400),), negated=True)),
    ],
)
def test_filters_are_parsed(word, found):
    assert only(word) == found


@pytest.mark.parametrize("words", [["beach", "-n", "3"], ["-v", "dog"], ["beach -n"], ["-20", "dog"], ["a", "-X"]])
def test_a_dash_before_one_letter_or_a_number_is_a_stray_option(words):
    with pytest.raises(BadQuery, match="photos search --help") as refused:
        parse(words)
    assert f"'- {refused.value.token[1:]}' takes the word away" in str(refused.value)


@pytest.mark.parametrize("name", [each for name, kind in FILTER_TYPES.items() for each in (name, *kind.aliases)])
def test_a_dash_before_the_name_of_a_filter_needs_a_value(name):
    with pytest.raises(BadQuery) as refused:
        parse(["dog", f"-{name}"])
    if len(name) > 1:
        assert f"-{name}:VALUE" in str(refused.value)
        # What the sentence proposes can be typed.
        (example,) = re.findall(r"as in (\S+);", str(refused.value))
        assert parse(["dog", example]).filters[0].negated
    assert texts("dog", "-", name) == [("dog", 1), (name, -1)]


def test_letters_words_and_phrases_behind_a_dash_are_taken_away():
    assert texts("dog", "-я") == [("dog", 1), ("я", -1)]
    assert texts("dog", '-"n"', "-tv", "-2:n") == [("dog", 1), ("n", -1), ("tv", -1), ("n", -2)]
    assert texts("dog", "-\\n", "- 3") == [("dog", 1), ("n", -1), ("3", -1)]


def test_a_filter_does_not_split_the_text_around_it():
    query = parse(["beach", "-tag:indoor", "at", "sunset", "in:Italy"])
    assert query.terms == (Text("beach at sunset"),)
    assert [each.name for each in query.filters] == ["tag", "in"]
    assert query.only_text == "beach at sunset"


@pytest.mark.parametrize("words", [["a", "+", "b"], ["- a"], ["./a.jpg"], ["year:2019"]])
def test_only_a_single_positive_text_is_only_text(words):
    assert parse(words).only_text is None


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("tagg:dog", "did you mean `tag:dog`?"),
        ("foo:bar", "photos search --help"),
        ("year:2019-2021", "did you mean 2019..2021?"),
        ("date:2019-2021", "did you mean 2019..2021?"),
        ("iso:100 - 200", "did you mean 100..200?"),
        ("exposure:1/500-1/250s", "did you mean 1/500..1/250s?"),
        ("month:jun-aug", "did you mean jun..aug?"),
        ("weekday:sat-sun", "did you mean sat..sun?"),
        ("time:18-20", "did you mean 18..20?"),
        ("year:2019,2021", "did you mean 2019|2021?"),
        ("rating:4+", "did you mean `4..`?"),
        ("after:2022-13", "did you mean 2022-12?"),
        ("after:2022-02-30", "did you mean 2022-02-28?"),
        ("after:someday", "2019-07-13"),
        ("year:2021..2019", "2019..2021"),
        ("date:2021..2019", "2019..2021"),
        ("month:decc", "did you mean dec?"),
        ("time:evning", "did you mean evening?"),
        ("time:25", "no day has"),
        ("format:jpgg", "did you mean jpg?"),
        ("is:dupe", "did you mean duplicate?"),
        ("rating:6", "from -1 to 5"),
        ("id:0", "from 1 to"),
        ("id:12,15", "did you mean 12|15?"),
        ("iso:fast", "needs a number"),
        ("iso:..", "3..5"),
        ("iso:>", "nothing after >"),
        ("near:99,0", "latitude"),
        ("near:0,999", "longitude"),
        ("near:Paris,,5km", "near:Paris"),
        ("near:48.85", "near:48.85,2.35,10km"),
        ("size:>12mp|3kb", "two filters"),
        ("exposure:1/0", "1/250"),
        ("tag:", "right after the colon"),
        ("tag:a|", "empty value"),
        ('tag:"a"b', "closing quote"),
        ("2:tag:dog", "weight"),
        ("0:dog", "weight"),
        ("9999:dog", "weight"),
        ("--dog", "two signs"),
        ('"red', "never closed"),
        ('-""', "no words"),
        ('like:""', "no picture"),
        ("dog -", "nothing after it"),
        ("a - + b", "second sign"),
        ("- -tag:dog", "after another one"),
        ("iso:" + "|".join(map(str, range(501))), "at most 500 values"),
        ("iso:" + "9" * 400, "needs a number"),
    ],
)
def test_an_error_names_the_mistake_and_a_correction(word, names):
    with pytest.raises(BadQuery) as refused:
        parse([word])
    sentence = str(refused.value)
    assert names in sentence
    assert refused.value.token in word
    assert "\n" not in sentence


@pytest.mark.parametrize("words", [[], [""], [" ", "\t"], ['""']])
def test_an_empty_query_is_an_error(words):
    with pytest.raises(EmptyQuery):
        parse(words)


def test_every_example_is_valid_for_its_filter():
    for name, kind in FILTER_TYPES.items():
        for spelling in (name, *kind.aliases):
            found = only(f"{spelling}:{kind.example}")
            assert found.name == ("mp" if name == "size" else name)


@given(QUERIES)
def test_a_formatted_query_parses_as_the_same_query(query):
    assert parse_line(format_query(query)) == query
    # The same as one word of a command line, in quotes.
    assert parse([format_query(query)]) == query


@given(TYPED)
@example(["\\"])
@example(["2:\\"])
@example(["-"])
@example(["year:9999", "date:9999"])
def test_any_typed_words_are_a_query_or_a_usage_error(words):
    try:
        query = parse(words)
    except BadQuery as refused:
        assert "\n" not in str(refused)  # noqa: PT017 - it is what is asserted of the error that may come
        return
    assert parse_line(format_query(query)) == query
    for each in query.filters:
        for value in each.values:
            if isinstance(value, PartialDate):
                assert value.start() < value.end()


@pytest.mark.parametrize("word", ['tag:a|"b c"', 'near:Paris|"Paris, Texas"', 'tag:"b c"|a'])
def test_any_value_of_a_filter_may_be_quoted_within_one_word_of_a_shell(word):
    assert parse([word]) == parse_line(word)
    assert not any('"' in str(value) for each in parse([word]).filters for value in each.values)
