"""Two spaces of one library: new photos go into both, and photos that are known into the second one."""

import os
from dataclasses import replace

import numpy as np
import pytest

from indexer import Destination, PipelineRequest, ThreadReaders, fill_space, index_folders
from indexer.decode import read_photo
from indexer.models.checkpoints.preprocessing import FlexiblePreprocessing, Preprocessing
from indexer.models.errors import CheckpointChanged, CheckpointDamaged
from indexer.workers.file_reader import pixels_digest
from store import Catalog, SpaceIdentity
from tests.fakes import DIMENSION, FakeImageEncoder, Listener
from tests.pictures import encoded, scene, write
from tests.raw_photos import dng
from tests.store.sqlite import empty_catalog

SQUARE = Preprocessing(32, "bilinear", 1 / 255, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
LARGER = replace(SQUARE, size=96)
SMALLER = replace(SQUARE, size=28)
FLEXIBLE = FlexiblePreprocessing(16, 16, "bilinear", 1 / 255, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
FIRST = SpaceIdentity("first", "one", SQUARE.name, "float32", DIMENSION, 4.7, -16.0)
SECOND = SpaceIdentity("second", "two", LARGER.name, "float32", DIMENSION, 3.0, -6.0)


class Two:
    """A folder of pictures, and a catalog with two spaces."""

    def __init__(self, tmp_path):
        self.folder = tmp_path / "photos"
        self.folder.mkdir()
        self.catalog = Catalog.open(empty_catalog(tmp_path / "catalog.db"))
        with self.catalog.write() as t:
            self.first, self.second = t.spaces.ensure(FIRST), t.spaces.ensure(SECOND)
            self.registered = t.folders.add(os.fsencode(self.folder))
        self.encoders = FakeImageEncoder(), FakeImageEncoder()

        self.load_second = lambda: self.encoders[1]
        self.tagger, self.lost = None, []

    def destination(self):
        return Destination(self.second, self.load_second, self.tagger, self.lost.append)

    def index(self, *, both):
        return index_folders(
            self.catalog,
            PipelineRequest(folders=[self.registered], space=self.first, batch_size=2),
            readers=ThreadReaders(SQUARE, 2, LARGER if both else None),
            image_encoder=lambda: self.encoders[0],
            tagger=None,
            progress=Listener(),
            beside=self.destination() if both else None,
        )

    def fill(self):
        with self.catalog.read() as t:
            lacking = t.files.lacking_embedding(self.second.id)
        return fill_space(
            self.catalog,
            self.destination(),
            lacking,
            [self.registered],
            readers=ThreadReaders(LARGER, 2),
            progress=Listener(),
            batch_size=2,
        )

    def vectors(self, space):
        with self.catalog.read() as t:
            return {
                photo_id: vector.tobytes()
                for page in t.embeddings.scan(space.id)
                for photo_id, vector in zip(page.ids.tolist(), page.matrix, strict=True)
            }


@pytest.fixture
def two(tmp_path):
    made = Two(tmp_path)
    yield made
    made.catalog.close()


def pictures(two, *names):
    for number, name in enumerate(names):
        write(two.folder / name, seed=number)


def test_a_photo_has_the_same_vectors_from_both_ways_into_a_space(two):
    pictures(two, "a.jpg", "b.png", "c.jpg")
    two.index(both=False)
    two.fill()
    apart = two.vectors(two.first), two.vectors(two.second)
    with two.catalog.write() as t:
        t.spaces.empty(two.first.id, 100)
        t.spaces.empty(two.second.id, 100)
    two.index(both=True)
    assert (two.vectors(two.first), two.vectors(two.second)) == apart
    assert len(apart[1]) == 3
    assert all(apart[0][key] != apart[1][key] for key in apart[0])


def test_filling_goes_on_where_it_was_and_ends(two):
    pictures(two, "a.jpg", "b.png", "c.jpg")
    two.index(both=False)
    answers = two.vectors(two.first)
    assert two.fill().embedded == 3
    assert two.fill().embedded == 0
    assert two.vectors(two.first) == answers
    with two.catalog.read() as t:
        assert t.spaces.seconds_a_picture(two.first.id) > 0
        assert t.spaces.seconds_a_picture(two.second.id) > 0


def test_a_file_that_changed_is_left_to_the_pass_over_its_folder(two):
    pictures(two, "a.jpg", "b.jpg")
    two.index(both=False)
    write(two.folder / "a.jpg", seed=7)
    assert two.fill().embedded == 1
    with two.catalog.read() as t:
        assert t.photos.count() == 2
        assert t.files.problems() == []
    two.index(both=True)
    two.fill()
    assert two.vectors(two.first).keys() == two.vectors(two.second).keys()


class BrokenEncoder(FakeImageEncoder):
    """Fails at its third picture, as one does whose weights are damaged, or whose device is full."""

    def __init__(self, error):
        super().__init__()
        self._error = error

    def encode(self, pixels):
        vectors = super().encode(pixels)
        if self.embedded > 2:
            raise self._error
        return vectors


@pytest.mark.parametrize("error", [CheckpointChanged("folder"), RuntimeError("out of memory"), OSError("gone")])
def test_a_broken_second_model_does_not_stop_the_first(two, error):
    pictures(two, *(f"{number}.jpg" for number in range(7)))
    two.encoders = two.encoders[0], BrokenEncoder(error)
    assert two.index(both=True).embedded == 7
    assert len(two.vectors(two.first)) == 7
    assert len(two.vectors(two.second)) == 2
    assert two.lost == [error]


def test_a_second_model_that_cannot_be_loaded_does_not_stop(two):
    def damaged():
        raise CheckpointDamaged("folder", "its weights lack one")

    two.load_second = damaged
    pictures(two, "a.jpg", "b.jpg", "c.jpg")
    assert two.index(both=True).embedded == 3
    assert len(two.vectors(two.first)) == 3
    assert len(two.lost) == 1


def test_a_second_tagger_that_fails_does_not_stop(two):
    class BrokenTagger:
        def prepare(self):
            raise CheckpointChanged("folder")

    pictures(two, "a.jpg", "b.jpg", "c.jpg")
    two.tagger = BrokenTagger()
    assert two.index(both=True).embedded == 3
    assert two.vectors(two.second) == {}


@pytest.mark.parametrize("other", [SQUARE, LARGER, SMALLER, FLEXIBLE, replace(LARGER, is_full=True)])
@pytest.mark.parametrize("kind", ["jpeg", "small jpeg", "png", "raw", "raw with preview"])
def test_pixels_for_both_are_those_that_each_gets_alone(other, kind):
    data = {
        "jpeg": lambda: encoded(scene(900, 700), "jpg"),
        "small jpeg": lambda: encoded(scene(70, 50), "jpg"),
        "png": lambda: encoded(scene(300, 200), "png"),
        "raw": lambda: dng(scene(160, 120)),
        "raw with preview": lambda: dng(scene(160, 120), scene(120, 80)),
    }[kind]()
    both = read_photo(data, SQUARE, beside=other)
    np.testing.assert_array_equal(both.pixels, read_photo(data, SQUARE).pixels)
    np.testing.assert_array_equal(both.beside, read_photo(data, other).pixels)
    assert len(pixels_digest(both.beside)) == 16
