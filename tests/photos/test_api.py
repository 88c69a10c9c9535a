"""A library as programs of one's own see it."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

from photos.api import Library
from photos.config import load
from photos.errors import EmptyLibrary, UnreadablePicture
from photos.library import OpenLibrary
from query import NotInLibrary


@pytest.fixture
def library(filled):
    with Library(OpenLibrary(load({"library": filled.library}, dict(os.environ)), filled.encoders)) as opened:
        yield opened


def test_searches_and_tags_are_those_of_the_command_line(filled, library, pictures):
    told = [json.loads(line) for line in filled("search", "red", "--json").lines]
    found = library.search("red")
    assert [match.photo_id for match in found] == [each["photo"] for each in told]
    photo = library.find(pictures / "red.png")
    assert found[0].photo == photo == library.photos([photo.id])[0]
    tags = [json.loads(line) for line in filled("tags", pictures / "red.png", "--json").lines]
    assert len(library.tags([photo.id])[photo.id]) == len(tags[0]["tags"]) > 0
    assert library.tags([photo.id], threshold=1.0)[photo.id] == []
    assert photo.id not in {match.photo_id for match in library.similar(pictures / "red.png")}


def test_vectors_come_in_batches_and_agree_with_what_is_stored(library, pictures):
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


def test_scores_are_cosines_with_labels_and_probabilities_the_models(library):
    vectors = next(library.embeddings()).matrix
    cosines = library.scores(vectors, ["red", "blue"])
    assert (cosines.shape, cosines.dtype) == ((6, 2), np.float32)
    (match,) = library.search("red", 1)
    probabilities = library.probabilities(np.array([[match.cosine]], np.float32))
    assert probabilities.shape == (1, 1)
    assert probabilities[0, 0] == pytest.approx(match.probability, rel=1e-4)
    assert library.scores(vectors, []).shape == (6, 0)
    np.testing.assert_allclose(np.linalg.norm(library.embed_texts(["red", "blue"]), axis=1), 1, atol=1e-5)


def test_a_single_text_or_path_is_not_taken_for_its_letters(library, pictures):
    vectors = next(library.embeddings()).matrix
    for mistake in (
        lambda: library.embed_texts("red"),
        lambda: library.scores(vectors, "red"),
        lambda: library.embed_images(pictures / "red.png"),
    ):
        with pytest.raises(TypeError, match="give a list"):
            mistake()


def test_what_is_not_there_is_an_error_with_a_sentence(library, pictures, tmp_path):
    with pytest.raises(NotInLibrary):
        library.find(pictures / "notes.txt")
    with Library.open(tmp_path / "none") as empty, pytest.raises(EmptyLibrary):
        empty.search("red")
