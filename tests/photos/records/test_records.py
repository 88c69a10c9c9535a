"""docs/records.md is generated from the JSON records, and the records hold what is printed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_type_hints

import pytest

from photos.records.photos import (
    AgreementRecord,
    EmbeddingRecord,
    ExplanationRecord,
    MatchRecord,
    PhotoTagsRecord,
    TagCountRecord,
    TagHistoryRecord,
)
from photos.records.reference import reference

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


def test_an_agreement_has_fields_named_after_its_sources(filled, pictures, tmp_path):
    (tmp_path / "other.csv").write_text(f"path,tags\n{pictures}/red.png,red\n")
    assert filled("tags", "import", tmp_path / "other.csv", "--source", "other").status == 0
    overall, *labels = map(json.loads, filled("tags", "compare", "auto", "other", "--json").lines)
    fields = set(get_type_hints(AgreementRecord))
    sources = {"only auto", "only other"}
    assert set(overall) == fields - {"label"} | sources
    assert set(labels[0]) == fields - {"photos", "labels"} | sources
