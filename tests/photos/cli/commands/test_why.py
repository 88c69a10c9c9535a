"""`why`."""

import json

import numpy as np
import pytest


def why(filled, *words):
    result = filled("why", *words, "--json")
    assert result.status == 0, result.err
    return json.loads(result.out)


def test_it_has_score_rank_and_neighbours(filled, pictures):
    found = why(filled, pictures / "blue.png", "red")
    order = [json.loads(line) for line in filled("search", "red", "--json").lines]
    place = [each["path"] for each in order].index(str(pictures / "blue.png"))
    assert found["rank"] == place + 1
    assert found["photos"] == len(order) == 6
    assert found["score"] == pytest.approx(order[place]["score"], abs=1e-6)
    assert found["logit"] == pytest.approx(order[place]["logit"], abs=1e-4)
    assert found["percentile"] == pytest.approx(100 * (6 - found["rank"]) / 5)
    assert [each["path"] for each in found["better"]] == [each["path"] for each in order[:place][::-1]][:3]
    assert [each["path"] for each in found["worse"]] == [each["path"] for each in order[place + 1 :]][:3]


def test_the_terms_shares_add_up_to_the_score(filled, pictures):
    found = why(filled, pictures / "red.png", "red", "+", "2:blue", "-", "green")
    assert [each["weight"] for each in found["terms"]] == [1, 2, -1]
    assert sum(each["share"] for each in found["terms"]) == pytest.approx(found["score"], abs=1e-3)
    assert found["logit"] is found["probability"] is None
    picture = why(filled, pictures / "red.png", str(pictures / "red.png"))
    assert picture["score"] == pytest.approx(1, abs=1e-3)
    assert picture["rank"] == 1


def test_a_label_has_its_threshold_and_prompts_best_first(filled, pictures):
    (label,) = why(filled, pictures / "red.png", "red")["labels"]
    assert label["label"] == "red"
    assert label["tag"]
    scores = [prompt["score"] for prompt in label["prompts"]]
    assert len(scores) >= 2
    assert scores == sorted(scores, reverse=True)
    assert label["score"] >= label["threshold"]
    (other,) = why(filled, pictures / "red.png", "blue")["labels"]
    assert not other["tag"]
    assert why(filled, pictures / "red.png", "nothing known")["labels"] == []


def test_the_table_has_the_same_parts(filled, pictures):
    out = filled("why", pictures / "red.png", "red", "-", "blue").out
    for word in ("score", "rank", "stands out", "terms", "label red is a tag of it", "just worse"):
        assert word in out


def test_the_file_that_was_named_leads(filled, pictures):
    (pictures / "a copy.png").write_bytes((pictures / "red.png").read_bytes())
    filled("index")
    for name in ("a copy.png", "red.png"):
        assert why(filled, pictures / name, "red")["path"] == str(pictures / name)
        assert name in filled("why", pictures / name, "red").lines[0]


def test_a_missing_photo_or_a_filter_is_one_sentence(filled, pictures, tmp_path):
    assert filled("why", tmp_path / "none.jpg", "red").status == 1
    result = filled("why", pictures / "red.png", "red", "year:2020")
    assert result.status == 2
    assert "leave the filters out" in result.err


def test_the_score_is_that_of_the_stored_embedding(filled, pictures):
    vector = np.array(json.loads(filled("embed", pictures / "red.png", "--json").out)["vector"])
    text = np.array(json.loads(filled("embed", "--text", "red", "--json").out)["vector"])
    assert why(filled, pictures / "red.png", "red")["score"] == pytest.approx(float(vector @ text), abs=1e-3)


def test_words_may_begin_with_a_dash(filled, pictures):
    assert [each["weight"] for each in why(filled, pictures / "red.png", "red", "-blue")["terms"]] == [1, -1]
    assert filled("why", pictures / "red.png", "red", "--jsn").status == 2
