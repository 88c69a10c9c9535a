"""Passes of a describer: what they describe, what they pass over, and what stays when they end early."""

from __future__ import annotations

import io
import json
from contextlib import contextmanager
from datetime import datetime

import numpy as np
import pytest
from PIL import Image, ImageCms

from indexer.describers import DescriberAway, Description, Task, passes_per_picture
from indexer.describers.florence_cost import BASE_PARAMETERS
from photos.config import load
from photos.errors import EmptyLibrary
from photos.known_models import relative_work
from photos.library import OpenLibrary
from photos.lock import describe_lock
from photos.model_errors import DescribersBusy, NoDescriber, UnknownDescriber
from photos.operations.describing.captions import photo_captions
from photos.operations.describing.describe import (
    DescribeEstimate,
    DescribeRequest,
    describe,
    estimate_describing,
    forget_describer,
)
from photos.operations.describing.describers import choose_describer
from photos.operations.describing.passes import describe_photos
from photos.operations.progress import Stage
from photos.operations.searching.chosen_photos import ChosenPhotos
from store import StoredDescription
from tests.photos.conftest import read_here
from tests.photos.describers import ColourDescriber, colour_of
from tests.photos.encoders import COLOURS, make_checkpoint
from tests.photos.operations.test_files import Recorder
from tests.pictures import p3_profile

BEFORE = datetime(2020, 1, 1)  # noqa: DTZ001 - as the catalog has times
HERE = {"PHOTOS_DESCRIBE_ENDPOINT": "http://localhost:1"}


@contextmanager
def opened(filled, **environment):
    settings = load({"library": filled.library}, {**HERE, **environment})
    with OpenLibrary(settings, filled.encoders, read_here) as library:
        yield library


def captions(library):
    """The captions by name of the file, for all photos that have one."""
    with library.catalog.read() as t:
        ids = t.selection.all().tolist()
        found = t.descriptions.of(ids)
        names = {photo.id: photo.paths[0].rpartition(b"/")[2].decode() for photo in t.photos.get(ids)}
    return {names[key]: some[0].caption for key, some in found.items()}


def caption_all(library):
    """Give every photo the caption of another describer."""
    with library.catalog.write() as t:
        for photo_id in t.selection.all().tolist():
            caption = f"photo {photo_id}"
            t.descriptions.put(
                photo_id, StoredDescription("another", frozenset({"caption"}), caption, (), None, BEFORE)
            )


def vectored(library):
    """The number of photos with the vector of a caption."""
    with library.catalog.read() as t:
        return sum(len(each.ids) for each in t.descriptions.caption_vectors(library.space.id))


def test_all_photos_get_what_the_describer_says_of_them(filled):
    describer, progress = ColourDescriber(), Recorder()
    with opened(filled) as library:
        result = describe(library, DescribeRequest(), progress, describer)
        assert captions(library) == {f"{name}.png": f"A {name} area" for name in COLOURS}
    assert (result.describer, result.described, result.known, result.problem) == ("colours@here", 6, 0, None)
    assert progress.steps(Stage.DESCRIBE)[0] == (0, 6)
    assert progress.steps(Stage.DESCRIBE)[-1] == (6, 6)
    assert describer.closed == describer.opened == 1


def test_new_captions_get_vectors_for_searches_with_captions(filled):
    with opened(filled) as library:
        caption_all(library)
        describe(library, DescribeRequest(limit=2), describers=ColourDescriber())
        # All others wait for the first search with captions: a library may have many from its files.
        assert vectored(library) == 2


def test_described_photos_are_passed_over(filled):
    describer = ColourDescriber()
    with opened(filled) as library:
        describe(library, DescribeRequest(limit=2), describers=describer)
        result = describe(library, DescribeRequest(), describers=describer)
        assert (result.described, result.known) == (4, 2)
        assert sorted(map(colour_of, describer.pictures)) == sorted(COLOURS)
        result = describe(library, DescribeRequest(), describers=describer)
        assert (result.described, result.known) == (0, 6)
        result = describe(library, DescribeRequest(again=True), describers=describer)
        assert (result.described, result.known) == (6, 0)


def test_another_task_is_described_beside_the_first(filled):
    with opened(filled) as library:
        describe(library, DescribeRequest(tasks=(Task.CAPTION,)), describers=ColourDescriber())
        describer = ColourDescriber()
        both = DescribeRequest(tasks=(Task.CAPTION, Task.TEXT, Task.CAPTION))
        assert describe(library, both, describers=describer).tasks == (Task.CAPTION, Task.TEXT)
        assert describer.chosen.tasks == (Task.CAPTION, Task.TEXT)
        again = describe(library, DescribeRequest(tasks=(Task.TEXT,)), describers=describer)
        assert (again.described, again.known) == (0, 6)


def test_a_short_caption_replaces_no_detailed_one_unless_again(filled):
    class Wordy(ColourDescriber):
        def _outcome(self, colour):
            words = "In detail" if Task.DETAILED_CAPTION in self.chosen.tasks else "In short"
            return Description(words, (colour,))

    describer = Wordy()
    detailed = DescribeRequest(tasks=(Task.DETAILED_CAPTION,))
    with opened(filled) as library:
        describe(library, detailed, describers=describer)
        short = describe(library, DescribeRequest(tasks=(Task.CAPTION,)), describers=describer)
        assert (short.described, short.known) == (0, 6)
        assert describe(library, DescribeRequest(), describers=describer).described == 6
        assert set(captions(library).values()) == {"In detail"}
        for request in (detailed, DescribeRequest()):
            assert describe(library, request, describers=describer).known == 6
        describe(library, DescribeRequest(again=True), describers=describer)
        assert set(captions(library).values()) == {"In short"}


def test_photos_are_chosen_by_query_or_path(filled, pictures):
    describer = ColourDescriber()
    with opened(filled) as library:
        query = ChosenPhotos(query="name:red|blue")
        assert describe(library, DescribeRequest(chosen=query), describers=describer).described == 2
        paths = ChosenPhotos(photos=(str(pictures / "bright"), str(pictures / "red.png")))
        result = describe(library, DescribeRequest(chosen=paths), describers=describer)
        assert (result.described, result.known) == (2, 1)
    assert sorted(map(colour_of, describer.pictures)) == ["blue", "red", "white", "yellow"]


def test_an_interrupted_pass_keeps_what_is_stored_and_goes_on(filled):
    describer = ColourDescriber(interrupted_at=2)
    with opened(filled) as library:
        with pytest.raises(KeyboardInterrupt):
            describe(library, DescribeRequest(), describers=describer)
        kept = len(captions(library))
        assert 0 < kept < 6
        assert describer.closed == 1
        assert describe(library, DescribeRequest(), describers=describer).known == kept
        assert len(captions(library)) == 6


def test_a_describer_that_goes_away_ends_the_pass(filled):
    describer = ColourDescriber(away_at=2)
    with opened(filled) as library:
        result = describe(library, DescribeRequest(), describers=describer)
        assert result.described == len(captions(library)) > 0
    assert result.problem == str(DescriberAway(describer.name, "it went out"))
    assert result.left == 6 - result.described


def test_a_picture_without_words_costs_that_picture(filled):
    describer = ColourDescriber(silent={"green"})
    with opened(filled) as library:
        result = describe(library, DescribeRequest(), describers=describer)
        assert set(captions(library)) == {f"{name}.png" for name in COLOURS if name != "green"}
        assert (result.described, result.undescribed, result.problem) == (5, 1, None)
        ((path, reason),) = [(each.path, each.reason) for each in result.named]
        assert (path.rpartition(b"/")[2], reason) == (b"green.png", "No words for green.")
        # It is no description, so the next pass asks again.
        assert describe(library, DescribeRequest(), describers=ColourDescriber()).described == 1


@pytest.fixture
def many(photos, tmp_path, checkpoint, vocabulary):
    """The program with 24 pictures, of which the last are red."""
    folder = tmp_path / "many"
    folder.mkdir()
    for at in range(24):
        colour = (at, 60, 220) if at < 2 else (220, 30, at)
        Image.new("RGB", (40, 30), colour).save(folder / f"{at:02}.png")
    assert photos("vocab", "use", vocabulary).status == 0
    assert photos("add", folder, "--model", checkpoint).status == 0
    return photos


def test_ten_without_words_at_first_end_a_pass(many):
    with opened(many) as library:
        result = describe(library, DescribeRequest(), describers=ColourDescriber(silent={"red", "blue"}))
    assert (result.described, result.undescribed, result.left) == (0, 10, 14)
    assert "pictures in a row got no description from colours@here (No words for " in result.problem
    assert len(result.named) == 10


def test_twenty_in_a_row_end_a_pass_that_had_words(many):
    with opened(many) as library, library.catalog.read() as t:
        ids = t.selection.all().tolist()
    describer = ColourDescriber(silent={"red"})
    with opened(many) as library:
        report = describe_photos(library, describer, (Task.CAPTION,), ids)
    assert report.described == 2
    assert len(report.undescribed) == 20
    assert report.problem is not None


def test_a_photo_whose_file_is_away_is_passed_over(filled, pictures):
    (pictures / "red.png").unlink()
    (pictures / "blue.png").write_bytes((pictures / "green.png").read_bytes())
    with opened(filled) as library:
        result = describe(library, DescribeRequest(), describers=ColourDescriber())
        assert (result.described, result.away, result.left) == (4, 2, 0)
        assert set(captions(library)) == {f"{name}.png" for name in COLOURS if name not in {"red", "blue"}}


def test_a_photo_that_is_deleted_meanwhile_is_no_fault(filled):
    describer = ColourDescriber()
    with opened(filled) as library, opened(filled) as other:

        def delete():
            with other.catalog.write() as t:
                ids = t.selection.all().tolist()
                for folder in t.folders.all():
                    t.folders.remove(folder.id)
                t.photos.delete(ids)

        describer.meanwhile = delete
        result = describe(library, DescribeRequest(), describers=describer)
        assert captions(library) == {}
    assert result.described + result.away == 6
    assert result.problem is None


def test_a_describer_gets_pixels_alone_in_the_colours_of_the_screen(photos, tmp_path, checkpoint, vocabulary):
    folder = tmp_path / "shots"
    folder.mkdir()
    wide = Image.new("RGB", (400, 200), (200, 40, 40))
    profile = p3_profile()
    stream = io.BytesIO()
    wide.save(stream, "JPEG", quality=95, icc_profile=profile, comment=b"secret", exif=_turned())
    (folder / "a.jpg").write_bytes(stream.getvalue())
    assert photos("vocab", "use", vocabulary).status == 0
    assert photos("add", folder, "--model", checkpoint).status == 0
    describer = ColourDescriber()
    with opened(photos) as library:
        describe(library, DescribeRequest(), describers=describer)
    (picture,) = describer.pictures
    assert (picture.mode, picture.size, picture.info) == ("RGB", (32, 64), {})
    assert not picture.getexif()
    srgb = ImageCms.createProfile("sRGB")
    shown = ImageCms.profileToProfile(wide, ImageCms.ImageCmsProfile(io.BytesIO(profile)), srgb)
    assert np.abs(np.asarray(picture).mean((0, 1)) - np.asarray(shown).mean((0, 1))).max() < 3


def _turned():
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "secret maker"
    return exif


def test_two_passes_do_not_run_at_once(filled):
    with opened(filled) as library, describe_lock(filled.library), pytest.raises(DescribersBusy):
        describe(library, DescribeRequest(), describers=ColourDescriber(), patience=0)


def test_a_library_without_photos_has_none_to_describe(photos):
    with opened(photos) as library:
        for operation in (describe, estimate_describing):
            with pytest.raises(EmptyLibrary):
                operation(library, DescribeRequest(), describers=ColourDescriber())
    assert not photos.library.exists()


def test_the_describer_is_the_named_one_or_that_of_the_settings():
    def chosen(named=None, **settings):
        found = choose_describer(load(settings, {}), named)
        return found.reference, found.may_be_remote

    address = "http://localhost:1"
    assert chosen(describe_endpoint=address) == ("endpoint", False)
    assert chosen(describe_endpoint=address, describe_with="large") == ("large", False)
    assert chosen("base", describe_endpoint=address, describe_with="large") == ("base", False)
    assert chosen("endpoint", describe_endpoint=address, describe_with="large") == ("endpoint", False)
    assert chosen(describe_endpoint=address, describe_remote=True) == ("endpoint", True)
    for wrong in ({}, {"named": "endpoint"}, {"describe_with": "endpoint"}):
        with pytest.raises(NoDescriber, match="ollama pull"):
            chosen(**wrong)


def test_an_estimate_counts_and_describes_nothing(filled):
    describer, progress = ColourDescriber(), Recorder()
    with opened(filled) as library:
        describe(library, DescribeRequest(limit=2), describers=describer)
        calls = describer.calls
        found = estimate_describing(library, DescribeRequest(), describers=describer)
        assert (found.photos, found.known, found.cost) == (4, 2, None)
        assert describer.calls == calls
        describe(library, DescribeRequest(), progress, describer)
    assert [event for event in progress.events if isinstance(event, DescribeEstimate)] == [found]


@pytest.mark.parametrize(("parameters", "passes"), [(BASE_PARAMETERS, 16), (4 * BASE_PARAMETERS, 63)])
def test_a_checkpoint_on_the_cpu_states_its_passes(filled, parameters, passes):
    describer = ColourDescriber()
    describer.parameters = parameters
    with opened(filled, PHOTOS_DEVICE="cpu") as library:
        with library.catalog.write() as t:
            t.spaces.note_encoded(library.space.id, 1000, 50.0)
        found = estimate_describing(library, DescribeRequest(tasks=(Task.CAPTION,)), describer)
        # The speed of so small a model says nothing of a base one.
        assert (found.cost.passes, found.cost.seconds) == (passes, None)
        assert estimate_describing(library, DescribeRequest(), describer).cost.passes > passes
    assert describer.opened == 0
    with opened(filled, PHOTOS_DEVICE="cuda") as library:
        assert estimate_describing(library, DescribeRequest(), describer).cost is None


def test_the_time_follows_from_the_speed_of_embedding(photos, pictures, tmp_path, vocabulary):
    model = make_checkpoint(tmp_path / "large")
    for name, changed in (("config.json", "vision_config"), ("preprocessor_config.json", "size")):
        settings = json.loads((model / name).read_text())
        # A quarter of the work of a base model, by the number of patches.
        settings[changed] |= {"image_size": 1024} if changed == "vision_config" else {"height": 1024, "width": 1024}
        (model / name).write_text(json.dumps(settings))
    assert photos("vocab", "use", vocabulary).status == 0
    assert photos("add", pictures, "--model", model).status == 0
    describer = ColourDescriber()
    describer.parameters = BASE_PARAMETERS
    with opened(photos, PHOTOS_DEVICE="cpu") as library:
        with library.catalog.write() as t:
            t.spaces.note_encoded(library.space.id, 1_000_000, 250_000.0)
        found = estimate_describing(library, DescribeRequest(tasks=(Task.CAPTION,)), describer)
        work = relative_work(library.checkpoint_of(library.space).work)
    assert 0.1 < work < 1
    expected = 6 * passes_per_picture(frozenset({Task.CAPTION})) * 0.25 / work
    assert found.cost.seconds == pytest.approx(expected, rel=0.01)


def test_captions_of_a_photo_are_its_own_and_the_describers(photos, tmp_path, checkpoint, vocabulary):
    folder = tmp_path / "shots"
    folder.mkdir()
    exif = Image.Exif()
    exif[0x010E] = "Anna's cake"
    Image.new("RGB", (40, 30), COLOURS["red"]).save(folder / "a.jpg", exif=exif)
    assert photos("vocab", "use", vocabulary).status == 0
    assert photos("add", folder, "--model", checkpoint).status == 0
    with opened(photos) as library:
        first, other = ColourDescriber(), ColourDescriber()
        other.name = "others@here"
        for describer in (first, other):
            describe(library, DescribeRequest(tasks=tuple(Task)), describers=describer)
        chosen = ChosenPhotos(photos=(str(folder / "a.jpg"),))
        (found,) = photo_captions(library, chosen)
        assert found.own == "Anna's cake"
        assert [each.origin for each in found.descriptions] == ["others@here", "colours@here"]
        assert found.descriptions[0].labels == ("red", "area")
        assert found.descriptions[0].text == "RED!"
        assert forget_describer(library, "colours@here").photos == 1
        (found,) = photo_captions(library, chosen)
        assert [each.origin for each in found.descriptions] == ["others@here"]
        with pytest.raises(UnknownDescriber, match="there is others@here"):
            forget_describer(library, "colours@here")
