"""Suggestions of queries: past searches without the beginnings of what was typed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from photos.operations.searching.suggestions import whole_searches

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def after(seconds, text):
    return text, NOON + timedelta(seconds=seconds)


def test_beginnings_of_a_typed_text_are_no_searches():
    typed = [after(3, "a dog on the beach"), after(2, "a dog on"), after(1, "cat"), after(0, "a dog")]
    assert whole_searches(typed) == ["a dog on the beach", "cat"]


def test_an_earlier_search_stays_beside_a_longer_one():
    assert whole_searches([after(90, "a dog on the beach"), after(0, "a dog")]) == ["a dog on the beach", "a dog"]
    assert whole_searches([after(5, "a dog"), after(0, "a dog on the beach")]) == ["a dog", "a dog on the beach"]
    assert whole_searches([]) == []
