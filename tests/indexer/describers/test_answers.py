from __future__ import annotations

import json

import pytest

from indexer.describers import Description, NotDescribed, Task
from indexer.describers.answers import read_answer
from indexer.describers.prompts import question, schema

CAPTION = frozenset({Task.CAPTION})
BOTH = frozenset({Task.CAPTION, Task.OBJECTS})


def reason(content, tasks=BOTH, language=None):
    outcome = read_answer(content, tasks, language)
    assert isinstance(outcome, NotDescribed)
    return outcome.reason


@pytest.mark.parametrize(
    "content",
    [
        '{"caption": "A cat.", "labels": ["cat"]}',
        'Here:\n```json\n{"caption": "A cat.", "labels": ["cat"]}\n```\nDone {really}.',
        '{"thought": "{"} {"caption": "A cat.", "labels": ["cat"]}',
        '<think>{"caption": "No.", "labels": []}</think>{"caption": "A cat.", "labels": ["cat"]}',
        'Draft: {"caption": "Dog?", "labels": []} Final: {"caption": "A cat.", "labels": ["cat"]}',
        '\ufeff {"caption": "A cat.", "labels": ["cat"], "text": null, "score": 0.9}',
    ],
)
def test_the_object_is_found_in_every_wrapping(content):
    assert read_answer(content, BOTH) == Description("A cat.", ("cat",), None)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "The answer is empty."),
        (" \n", "The answer is empty."),
        ("A cat on a table.", "The answer is not in the form that was asked for."),
        ("[1, 2]", "The answer is not in the form that was asked for."),
        ("null", "The answer is not in the form that was asked for."),
        ('{"name": "cat"}', "The answer is not in the form that was asked for."),
        ('{"caption": "A cat."', "The answer is not in the form that was asked for."),
        ('{"caption": "A cat."}', "The answer has no labels."),
        ('{"caption": 7, "labels": []}', "The caption in the answer is no text."),
        ('{"caption": "x", "labels": "a, b"}', "The labels in the answer are no list of texts."),
        ('{"caption": "x", "labels": [{"name": "a"}]}', "The labels in the answer are no list of texts."),
        ('{"caption": " \\u0000 ", "labels": ["a"]}', "The caption is empty."),
        ('{"caption": null, "labels": ["a"]}', "The caption is empty."),
    ],
)
def test_nonsense_is_not_a_description(content, expected):
    assert reason(content) == expected


@pytest.mark.parametrize("content", ["{" * 900_000, '{"a":' * 150_000, '{"a":[' * 150_000 + "]", "x" * 900_000])
def test_hostile_answers_end(content):
    assert reason(content) == "The answer is not in the form that was asked for."


def test_fields_that_were_not_asked_for_are_left_out():
    content = json.dumps({"caption": "A cat.", "labels": ["cat"], "text": "SALE"})
    assert read_answer(content, CAPTION) == Description("A cat.")
    assert read_answer(content, frozenset({Task.TEXT})) == Description(text="SALE")


def test_a_picture_without_text_is_described():
    assert read_answer('{"text": ""}', frozenset({Task.TEXT})) == Description()


def test_words_become_plain():
    content = json.dumps({"caption": "a\x1b[31m\tb\x00c \u202e\ud800 d", "labels": ["Cat", "cat ", "", "<b>x</b>"]})
    assert read_answer(content, BOTH) == Description("a [31m b c d", ("Cat", "<b>x</b>"))


def test_words_are_bounded():
    content = json.dumps(
        {"caption": "x" * 9000, "labels": [f"{n} " + "y" * 500 for n in range(500)], "text": "z" * 90_000}
    )
    made = read_answer(content, frozenset(Task))
    assert (len(made.caption), len(made.labels), len(made.labels[0]), len(made.text)) == (2000, 64, 100, 10_000)


CHINESE, GERMAN = "桌子上的红色方块", "Ein rotes Quadrat auf dem Tisch"


@pytest.mark.parametrize(
    ("caption", "language", "is_right"),
    [
        (CHINESE, "German", False),
        (CHINESE, "en", False),
        (CHINESE, "zh-Hans", True),
        (CHINESE, "Japanese", True),
        (GERMAN, "Chinese", False),
        (GERMAN, "de_DE", True),
        (GERMAN, "French", True),
        (GERMAN, "русский", False),
        ("Красный квадрат", "uk", True),
        ("קוביה אדומה", "Arabic", False),
        (CHINESE, "Klingon", True),
        (CHINESE, None, True),
        ("A sign that says 红色方块 in red", "English", True),
        ("猫 2", "German", True),
    ],
)
def test_a_wrong_script_is_a_wrong_language(caption, language, is_right):
    outcome = read_answer(json.dumps({"caption": caption}), CAPTION, language)
    assert isinstance(outcome, Description) == is_right


def test_read_text_may_be_in_any_language():
    content = json.dumps({"caption": GERMAN, "text": CHINESE})
    assert read_answer(content, frozenset({Task.CAPTION, Task.TEXT}), "de").text == CHINESE


@pytest.mark.parametrize("task", Task)
def test_question_and_schema_name_the_fields_of_a_task(task):
    (field,) = schema({task})["required"]
    asked = question({task}, None)
    assert f'"{field}"' in asked
    assert asked.count('"') // 2 <= 2
    assert schema({task})["properties"].keys() == {field}
