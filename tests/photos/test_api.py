"""`photos.api.Library`."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

from photos.api import Library
from photos.config import load
from photos.errors import EmptyLibrary, UnreadablePicture
from photos.library import OpenLibrary
from query.errors import BadLabel, NotInLibrary, UnknownSource


@pytest.fixture
def library(filled):
    with Library(OpenLibrary(load({"library": filled.library}, dict(os.environ)), filled.encoders)) as opened:
        yield opened


def test_searches_and_tags_equal_those_of_the_commands(filled, library, pictures):
    told = [json.loads(line) for line in filled("search", "red", "--json").lines]
    found = library.search("red").matches
    assert [match.photo_id for match in found] == [each["photo"] for each in told]
    photo = library.find(pictures / "red.png")
    assert found[0].photo == photo == library.photos([photo.id])[0]
    tags = [json.loads(line) for line in filled("tags", pictures / "red.png", "--json").lines]
    (by_id,), (by_path,) = library.tags([photo.id]), library.tags([pictures / "red.png"])
    assert by_id == by_path
    assert [tag.label for tag in by_id.tags] == [tag["label"] for tag in tags[0]["tags"]] != []
    assert library.tags([photo.id], threshold=1.0)[0].tags == ()
    assert photo.id not in {match.photo_id for match in library.similar(pictures / "red.png").matches}


def test_vectors_come_in_batches_and_equal_the_stored_ones(library, pictures):
    parts = list(library.embeddings(batch_size=4))
    assert [len(part) for part in parts] == [4, 2]
    paths = [os.fsdecode(library.photos([key])[0].paths[0]) for part in parts for key in part.ids]
    made = list(library.embed_images(paths, batch_size=4))
    assert [len(part) for part in made] == [4, 2]
    stored = np.concatenate([part.matrix for part in parts])
    np.testing.assert_allclose(np.concatenate(made), stored, atol=1e-3)
    (pictures / "no picture.png").write_bytes(b"none")
    with pytest.raises(UnreadablePicture):
        next(library.embed_images([pictures / "no picture.png"]))


def test_scores_are_cosines_and_probabilities_the_models(library):
    vectors = next(library.embeddings()).matrix
    cosines = library.scores(vectors, ["red", "blue"])
    assert (cosines.shape, cosines.dtype) == ((6, 2), np.float32)
    (match,) = library.search("red", 1).matches
    probabilities = library.probabilities(np.array([[match.cosine]], np.float32))
    assert probabilities.shape == (1, 1)
    assert probabilities[0, 0] == pytest.approx(match.probability, rel=1e-4)
    assert library.scores(vectors, []).shape == (6, 0)
    np.testing.assert_allclose(np.linalg.norm(library.embed_texts(["red", "blue"]), axis=1), 1, atol=1e-5)


def test_a_single_text_or_path_is_an_error(library, pictures):
    vectors = next(library.embeddings()).matrix
    for mistake in (
        lambda: library.embed_texts("red"),
        lambda: library.scores(vectors, "red"),
        lambda: library.embed_images(pictures / "red.png"),
        lambda: library.tags(pictures / "red.png"),
        lambda: library.tag([pictures / "red.png"], add="red"),
    ):
        with pytest.raises(TypeError, match="give a list"):
            mistake()


def test_missing_files_and_libraries_are_errors(library, pictures, tmp_path):
    with pytest.raises(NotInLibrary):
        library.find(pictures / "notes.txt")
    with Library.open(tmp_path / "none") as empty, pytest.raises(EmptyLibrary):
        empty.search("red")


def test_a_search_takes_the_options_of_the_command(filled, library, pictures):
    assert [match.photo.paths[0] for match in library.search('name:"red.png"').matches] == [
        os.fsencode(pictures / "red.png")
    ]
    every = [match.photo_id for match in library.search("red").matches]
    assert [match.photo_id for match in library.search("red", 2, 1).matches] == every[1:3]
    nothing = library.search("red", min_score=1.5)
    assert (nothing.matches, nothing.best is not None) == ([], True)
    grouped = library.search("red", group=True)
    found = [match.photo_id for match in grouped.matches] + [
        match.photo_id for more in grouped.more.values() for match in more
    ]
    assert sorted(found) == sorted(every)
    assert library.search("red " * 20).is_cut
    assert library.search("name:none.png").reason == "No photo meets `name:none.png`"


def test_an_explanation_equals_that_of_the_command(filled, library, pictures):
    told = json.loads(filled("why", pictures / "blue.png", "red", "--json").out)
    found = library.explain(pictures / "blue.png", "red")
    assert (found.explanation.rank, found.stands_out) == (told["rank"], told["stands_out"])
    assert found.probability == pytest.approx(told["probability"], rel=1e-6)


def test_manual_tags_are_written_and_have_a_history(library, pictures):
    photo = library.find(pictures / "red.png")
    (changed,) = library.tag([photo.id], add=["our cat"], reject=["red"])
    labels = [tag.label for tag in changed.tags]
    assert ("our cat" in labels, "red" in labels) == (True, False)
    assert changed == library.tags([photo.id])[0]
    assert ("our cat", 1) in [(count.label, count.photos) for count in library.tag_counts()]
    (cleared,) = library.tag([pictures / "red.png"], clear=["our cat", "red"])
    assert "red" in [tag.label for tag in cleared.tags]
    (history,) = library.tag_history([photo.id])
    assert [(event.what, event.label) for event in history.events] == [
        ("added", "our cat"), ("rejected", "red"), ("cleared", "our cat"), ("cleared", "red"),
    ]  # fmt: skip


def test_a_bad_label_or_an_unknown_photo_changes_nothing(library, pictures):
    before = library.tags([pictures / "red.png"])
    with pytest.raises(BadLabel):
        library.tag([pictures / "red.png"], add=["dog", " "])
    with pytest.raises(NotInLibrary, match="photo 999"):
        library.tag([pictures / "red.png", 999], add=["dog"])
    assert library.tags([pictures / "red.png"]) == before


def test_imported_tags_are_compared_with_others(library, pictures, tmp_path):
    (tmp_path / "tags.csv").write_text(f"path,tags\n{pictures}/red.png,red;dog\nnone.png,cat\n")
    taken = library.import_tags(tmp_path / "tags.csv", "other")
    assert (taken.photos, taken.changed, [each.path for each in taken.unknown]) == (1, 2, ["none.png"])
    found = library.compare_sources("auto", "other").found
    assert (found.photos, [each.label for each in found.labels]) == (1, ["red"])
    assert library.import_keywords().changed == 0
    with pytest.raises(UnknownSource):
        library.compare_sources("auto", "nothing")
