"""docs/records.md is generated from the JSON records, and the records hold what is printed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_type_hints

import pytest

from photos.records.photos import (
    EmbeddingRecord,
    ExplanationRecord,
    MatchRecord,
    PhotoTagsRecord,
    TagCountRecord,
    TagHistoryRecord,
)
from photos.records.reference import reference
from photos.records.sources import (
    AgreementRecord,
    ComparedSourceLabelRecord,
    SourceComparisonRecord,
    SourceRecord,
)

PAGE = Path(__file__).parents[3] / "docs/records.md"


def test_the_page_is_up_to_date():
    assert PAGE.read_text("utf-8") == reference(), "run: python -m photos.records.reference > docs/records.md"


def test_types_are_named_as_in_json():
    assert "| `score` | number or null | The cosine" in reference()
    assert "| `tags` | array of [TagRecord](#tagrecord) | Its tags. |" in reference()
    assert "| `more` | array of [GroupMemberRecord](#groupmemberrecord), may be missing |" in reference()


def test_every_link_leads_to_a_heading():
    names = [line.removeprefix("### ").lower() for line in reference().splitlines() if line.startswith("### ")]
    anchors = {f"{name}-{names[:at].count(name)}" if name in names[:at] else name for at, name in enumerate(names)}
    links = set(re.findall(r"\(#([^)]+)\)", reference()))
    assert links
    assert links <= anchors


@pytest.mark.parametrize(
    ("record", "arguments", "optional"),
    [
        (MatchRecord, ("search", "red"), {"more", "fused"}),
        (MatchRecord, ("similar", "red.png"), {"more", "fused"}),
        (PhotoTagsRecord, ("tags", "red.png"), set()),
        (PhotoTagsRecord, ("tag", "red.png", "+our cat"), set()),
        (TagCountRecord, ("tags",), set()),
        (TagHistoryRecord, ("tags", "red.png", "--history"), set()),
        (ExplanationRecord, ("why", "red.png", "red"), set()),
        (EmbeddingRecord, ("embed", "red.png"), {"text"}),
        (EmbeddingRecord, ("embed", "--text", "red"), {"path"}),
    ],
)
def test_a_record_has_the_fields_that_are_printed(filled, pictures, monkeypatch, record, arguments, optional):
    monkeypatch.chdir(pictures)
    result = filled(*arguments, "--json")
    assert result.status == 0, result.err
    printed = json.loads(result.lines[0])
    assert set(printed) == set(get_type_hints(record)) - optional


def test_a_comparison_has_the_fields_of_its_two_records(filled, pictures, tmp_path):
    (tmp_path / "other.csv").write_text(f"path,tags\n{pictures}/red.png,red\n")
    assert filled("tags", "import", tmp_path / "other.csv", "--source", "other").status == 0
    overall, *labels = map(json.loads, filled("tags", "compare", "auto", "other", "--json").lines)
    assert set(overall) == set(get_type_hints(SourceComparisonRecord))
    assert set(labels[0]) == set(get_type_hints(ComparedSourceLabelRecord))
    assert set(overall["pairs"][0]) == set(get_type_hints(AgreementRecord))
    assert set(overall["sources"][0]) == set(get_type_hints(SourceRecord))
