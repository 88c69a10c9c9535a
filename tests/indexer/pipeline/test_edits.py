"""Edits of pictures in place: what was said of a photo stays with its file."""

import os
import shutil

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

from indexer.decode.miniature import miniature
from indexer.pipeline.edits import DOUBT
from indexer.pipeline.picture_similarity import SmallPicture, compare_pictures
from store import LabelDefinition, TagSource, VocabularyDefinition
from store.sql import schema as tables
from tests.fakes import DIMENSION
from tests.pictures import detailed, encoded, exif_with

from .test_pipeline import Library


class TaggedLibrary(Library):
    """A library in which people tag photos."""

    def save(self, name, image, **options):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded(image, path.suffix[1:], **options))
        return path

    def say(self, name, label, source=TagSource.USER):
        with self.catalog.write() as t:
            t.tags.say(self.photos()[name], t.vocabularies.label_called(label), source)

    def clear(self, name, label):
        with self.catalog.write() as t:
            t.tags.clear(self.photos()[name], [t.vocabularies.label_called(label)])

    def tags(self, name):
        with self.catalog.read() as t:
            photo_id = self.photos()[name]
            return {tag.label: tag.origin or tag.source.value for tag in t.tags.of([photo_id])[photo_id]}

    def rate(self, name, stars):
        with self.catalog.write() as t:
            t.photos.rate([self.photos()[name]], stars)

    def stars(self, name):
        with self.catalog.read() as t:
            return t.photos.get([self.photos()[name]])[0].facts.rating

    def history(self, name):
        with self.catalog.read() as t:
            return [(event.what, event.label) for event in t.tags.history(self.photos()[name])]


@pytest.fixture
def library(tmp_path):
    made = TaggedLibrary(tmp_path)
    made.save("a.jpg", detailed(1))
    made.index()
    made.say("a.jpg", "dog")
    made.say("a.jpg", "cat", TagSource.REJECTED)
    with made.catalog.write() as t:
        t.tags.take(made.photos()["a.jpg"], "other", [t.vocabularies.label_called("pet")])
    yield made
    made.catalog.close()


SAID = {"dog": "user", "cat": "rejected", "pet": "other"}


def cropped(image, share):
    width, height = image.size
    return image.crop((0, 0, round(width * (1 - share)), round(height * (1 - share))))


EDITS = {
    "turned left": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "turned round": lambda image: image.transpose(Image.Transpose.ROTATE_180),
    "turned right": lambda image: image.transpose(Image.Transpose.ROTATE_270),
    "mirrored": ImageOps.mirror,
    "cropped by a tenth": lambda image: cropped(image, 0.1),
    "cropped by a third": lambda image: cropped(image, 0.33),
    "square": lambda image: ImageOps.fit(image, (240, 240)),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.4),
    "darker": lambda image: ImageEnhance.Brightness(image).enhance(0.6),
    "contrast": lambda image: ImageEnhance.Contrast(image).enhance(1.5),
    "black and white": lambda image: image.convert("L"),
    "smaller": lambda image: image.resize((80, 60)),
    "framed": lambda image: ImageOps.expand(image, 20, "white"),
    "cropped, turned and grey": lambda image: cropped(image, 0.2).transpose(Image.Transpose.ROTATE_90).convert("L"),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edit_keeps_what_was_said_and_undoing_it_too(library, edit):
    before = library.photos()["a.jpg"]
    original = (library.folder / "a.jpg").read_bytes()
    library.save("a.jpg", edit(detailed(1)), quality=80)
    assert library.index().edited == 1
    assert library.photos()["a.jpg"] != before
    assert library.tags("a.jpg") == SAID
    said = [("added", "dog"), ("rejected", "cat"), ("imported", "pet")]
    assert library.history("a.jpg") == [*said, ("edited", None)]
    with library.catalog.read() as t:
        assert t.tags.of([before])[before] == []
    library.say("a.jpg", "sunset")
    library.clear("a.jpg", "dog")
    (library.folder / "a.jpg").write_bytes(original)
    assert library.index().edited == 1
    assert library.photos()["a.jpg"] == before
    assert library.tags("a.jpg") == {"cat": "rejected", "pet": "other", "sunset": "user"}
    assert library.history("a.jpg")[-3:] == [("added", "sunset"), ("cleared", "dog"), ("edited", None)]
    assert library.index().edited == 0


def test_another_picture_under_the_name_gets_nothing(library):
    before = library.photos()["a.jpg"]
    for seed in range(2, 12):
        library.save("a.jpg", detailed(seed))
        assert library.index().edited == 0
        assert library.tags("a.jpg") == {}
    with library.catalog.read() as t:
        assert before in t.photos.gone()
        assert len(t.tags.of([before])[before]) == 3
    library.save("a.jpg", EDITS["mirrored"](detailed(1)))
    assert library.index().edited == 1, "the path remembers its photo"
    assert library.tags("a.jpg") == SAID


def test_a_file_that_is_written_anew_later_keeps_its_tags(library):
    edited = encoded(EDITS["turned left"](detailed(1)))
    (library.folder / "a.jpg").unlink()
    library.save("b.jpg", detailed(2))
    assert library.index().gone == 1
    (library.folder / "a.jpg").write_bytes(edited[:500])
    library.index()
    (library.folder / "a.jpg").write_bytes(edited)
    assert library.index().edited == 1
    assert library.tags("a.jpg") == SAID


def test_a_temporary_file_that_replaces_the_old_one_keeps_its_tags(library):
    library.save("a.tmp.jpg", cropped(detailed(1), 0.2))
    library.index()
    assert library.tags("a.tmp.jpg") == {}
    os.replace(library.folder / "a.tmp.jpg", library.folder / "a.jpg")
    assert library.index().edited == 1
    assert library.tags("a.jpg") == SAID


@pytest.mark.parametrize("is_seen_between", [False, True])
def test_an_original_that_the_editor_keeps_has_its_tags_too(library, is_seen_between):
    before = library.photos()["a.jpg"]
    (library.folder / "a.jpg").rename(library.folder / "a~.jpg")
    if is_seen_between:
        library.index()
    library.save("a.jpg", EDITS["square"](detailed(1)))
    assert library.index().edited == 1
    assert library.photos()["a~.jpg"] == before
    assert library.tags("a.jpg") == library.tags("a~.jpg") == SAID


def test_an_original_that_comes_back_elsewhere_has_its_tags_again(library):
    original = (library.folder / "a.jpg").read_bytes()
    library.save("a.jpg", EDITS["brighter"](detailed(1)))
    library.index()
    (library.folder / "a (original).jpg").write_bytes(original)
    assert library.index().edited == 1
    assert library.tags("a.jpg") == library.tags("a (original).jpg") == SAID
    assert library.index().edited == 0


def test_an_edited_copy_has_the_tags_and_so_has_the_original(library):
    shutil.copy(library.folder / "a.jpg", library.folder / "copy.jpg")
    library.index()
    library.save("copy.jpg", EDITS["mirrored"](detailed(1)))
    assert library.index().edited == 1
    assert library.tags("a.jpg") == library.tags("copy.jpg") == SAID
    library.clear("copy.jpg", "dog")
    assert library.tags("a.jpg") == SAID


def test_two_copies_that_are_edited_in_one_pass_both_keep_their_tags(library):
    shutil.copy(library.folder / "a.jpg", library.folder / "copy.jpg")
    library.index()
    library.save("a.jpg", EDITS["mirrored"](detailed(1)))
    library.save("copy.jpg", EDITS["darker"](detailed(1)))
    assert library.index().edited == 2
    assert library.tags("a.jpg") == library.tags("copy.jpg") == SAID


def test_a_chain_of_edits_keeps_everything(library):
    original = (library.folder / "a.jpg").read_bytes()
    image = detailed(1)
    for edit in (EDITS["cropped by a third"], EDITS["turned left"], EDITS["cropped by a third"], EDITS["darker"]):
        image = edit(image)
        library.save("a.jpg", image)
        assert library.index().edited == 1
    assert library.tags("a.jpg") == SAID
    (library.folder / "a.jpg").write_bytes(original)
    assert library.index().edited == 1, "what is left shows less than a quarter of it"
    assert library.tags("a.jpg") == SAID
    assert library.history("a.jpg").count(("edited", None)) == 5


def test_an_edit_of_the_original_replaces_another_edit_of_it(library):
    corners = [(0, 0, 200, 150), (120, 90, 320, 240)]
    for corner in corners:
        library.save("a.jpg", detailed(1).crop(corner))
        assert library.index().edited == 1
    assert library.tags("a.jpg") == SAID


def test_the_later_word_stays_where_both_have_one(library):
    library.save("b.jpg", EDITS["smaller"](detailed(1)))
    library.index()
    library.say("b.jpg", "dog", TagSource.REJECTED)
    library.say("b.jpg", "bird")
    os.replace(library.folder / "b.jpg", library.folder / "a.jpg")
    assert library.index().edited == 1
    assert library.tags("a.jpg") == {"dog": "rejected", "cat": "rejected", "bird": "user", "pet": "other"}


@pytest.mark.parametrize("later", [None, 1, 5])
def test_the_later_word_on_stars_stays(library, later):
    original = (library.folder / "a.jpg").read_bytes()
    library.rate("a.jpg", 4)
    library.save("a.jpg", EDITS["darker"](detailed(1)))
    library.index()
    assert library.stars("a.jpg") == 4
    library.rate("a.jpg", later)
    (library.folder / "a.jpg").write_bytes(original)
    assert library.index().edited == 1
    assert library.stars("a.jpg") == later


def test_stars_of_an_original_that_stays_are_given_and_kept(library):
    library.save("copy/a.jpg", detailed(1))
    library.rate("a.jpg", 4)
    library.index()
    library.save("a.jpg", EDITS["darker"](detailed(1)))
    library.index()
    assert (library.stars("a.jpg"), library.stars("copy/a.jpg")) == (4, 4)
    library.rate("a.jpg", 2)
    library.save("copy/a.jpg", EDITS["darker"](detailed(1)))
    library.index()
    assert library.stars("copy/a.jpg") == 2


def test_stars_alone_are_enough_to_follow_an_edit(library):
    library.save("b.jpg", detailed(2))
    library.index()
    library.rate("b.jpg", 3)
    with library.catalog.write() as t:
        t.connection.execute(tables.miniature.delete())
    library.index()
    library.save("b.jpg", EDITS["turned left"](detailed(2)))
    assert library.index().edited == 1
    assert library.stars("b.jpg") == 3


def test_renamed_pictures_of_a_series_keep_their_own_tags(library):
    second = EDITS["cropped by a tenth"](detailed(1))
    library.save("b.jpg", second)
    library.save("c.jpg", EDITS["brighter"](second))
    library.index()
    for old, new in (("a", "x"), ("b", "a"), ("c", "b"), ("x", "c")):
        os.replace(library.folder / f"{old}.jpg", library.folder / f"{new}.jpg")
    assert library.index().edited == 0
    assert [library.tags(f"{name}.jpg") for name in "abc"] == [{}, {}, SAID]


@pytest.mark.parametrize(("second", "edited"), [(5, 1), (6, 0)])
def test_the_next_picture_of_a_series_is_no_edit(tmp_path, second, edited):
    library = TaggedLibrary(tmp_path)
    with library.catalog:
        for number, seconds in ((0, 5), (1, second)):
            taken = exif_with(Model="X", camera={"DateTimeOriginal": f"2024:06:01 12:00:0{seconds}"})
            library.save("a.jpg", detailed(1).crop((number * 8, 0, 300 + number * 8, 240)), exif=taken)
            report = library.index()
            if not number:
                library.say("a.jpg", "dog")
        assert report.edited == edited


def test_the_time_at_which_an_editor_saved_is_not_when_a_picture_was_taken(tmp_path):
    """Old cameras write `DateTime` alone, and editors set it."""
    library = TaggedLibrary(tmp_path)
    with library.catalog:
        library.save("a.jpg", detailed(1), exif=exif_with(Model="X", DateTime="2003:06:01 12:00:05"))
        library.index()
        library.say("a.jpg", "dog")
        saved = exif_with(Model="X", DateTime="2024:06:01 12:00:05")
        library.save("a.jpg", EDITS["turned left"](detailed(1)), exif=saved)
        assert library.index().edited == 1


def test_a_date_that_was_put_right_in_a_sidecar_is_no_other_time(tmp_path):
    library = TaggedLibrary(tmp_path)
    with library.catalog:
        taken = exif_with(Model="X", camera={"DateTimeOriginal": "2024:06:01 12:00:05"})
        library.save("a.jpg", detailed(1), exif=taken)
        (library.folder / "a.jpg.xmp").write_text(
            '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
            '<rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:DateTimeOriginal="2019-01-01T00:00:00"/>'
            "</rdf:RDF></x:xmpmeta>"
        )
        library.index()
        library.say("a.jpg", "dog")
        with library.catalog.read() as t:
            assert t.photos.get([library.photos()["a.jpg"]])[0].facts.taken_at.year == 2019
        library.save("a.jpg", EDITS["turned left"](detailed(1)), exif=taken)
        assert library.index().edited == 1


def test_a_companion_and_its_main_file_share_what_was_said(library):
    library.save("a-edited.jpg", EDITS["black and white"](detailed(1)))
    assert library.index().edited == 1
    assert library.tags("a-edited.jpg") == SAID
    (library.folder / "a-edited.jpg").unlink()
    assert library.index().edited == 1
    assert library.tags("a.jpg") == SAID


def test_a_companion_that_becomes_a_photo_has_what_was_said_of_its_main_file(tmp_path):
    """Both were there from the start, so the companion never had anything of its own."""
    library = TaggedLibrary(tmp_path)
    with library.catalog:
        library.save("a.jpg", detailed(1))
        edited = library.save("a-edited.jpg", EDITS["black and white"](detailed(1)))
        library.index()
        library.say("a-edited.jpg", "dog")
        library.rate("a-edited.jpg", 4)
        away = edited.read_bytes()
        edited.unlink()
        assert library.index().edited == 1
        assert (library.tags("a.jpg"), library.stars("a.jpg")) == ({"dog": "user"}, 4)
        library.say("a.jpg", "cat")
        edited.write_bytes(away)
        library.index()
        assert library.tags("a-edited.jpg") == {"dog": "user", "cat": "user"}
        os.replace(edited, library.folder / "moved.jpg")
        library.index()
        assert library.tags("a.jpg") == library.tags("moved.jpg") == {"dog": "user", "cat": "user"}


def test_an_interrupted_pass_loses_nothing(library):
    library.save("a.jpg", EDITS["turned left"](detailed(1)))
    library.save("b.jpg", detailed(2))

    class Stopped(Exception):
        pass

    batches = iter(range(10))

    def stop(store):
        if next(batches) == 1:
            store()
            raise Stopped

    with pytest.raises(Stopped):
        library.index(batch_size=1, before_batch=stop)
    assert library.tags("a.jpg") == {}
    assert library.index().edited == 1
    assert library.tags("a.jpg") == SAID


def test_a_tagged_photo_without_a_miniature_is_read_again(library):
    library.save("b.jpg", detailed(2))
    library.index()
    with library.catalog.write() as t:
        t.connection.execute(tables.miniature.delete())
    assert sum(library.index().outcomes.values()) == 1
    assert sum(library.index().outcomes.values()) == 0
    library.save("a.jpg", EDITS["turned left"](detailed(1)))
    assert library.index().edited == 1


def test_photos_that_are_spoken_of_in_any_way_get_a_miniature(library):
    for number in range(2, 6):
        library.save(f"{number}.jpg", detailed(number))
    library.index()
    library.rate("2.jpg", 4)
    library.rate("3.jpg", 5)
    library.rate("3.jpg", None)
    ids = library.photos()
    with library.catalog.write() as t:
        content = t.photos.get([ids["4.jpg"]])[0].content_hash
        t.connection.execute(tables.example_content.insert(), {"content_hash": content})
        t.connection.execute(tables.miniature.delete())
    library.index()
    with library.catalog.read() as t:
        assert set(t.miniatures.of(list(ids.values()))) == {ids[f"{name}.jpg"] for name in ("a", 2, 3, 4)}


def test_examples_of_labels_follow_an_edit(library):
    with library.catalog.read() as t:
        content = t.photos.get([library.photos()["a.jpg"]])[0].content_hash
    library.save("a.jpg", EDITS["mirrored"](detailed(1)))
    library.index()
    with library.catalog.read() as t:
        assert t.photos.of_contents([content]) == {content: library.photos()["a.jpg"]}


def test_an_example_that_nobody_tagged_follows_too(library):
    library.save("b.jpg", detailed(2))
    library.index()
    with library.catalog.write() as t:
        content = t.photos.get([library.photos()["b.jpg"]])[0].content_hash
        label = LabelDefinition("our cat", ("our cat",), counterexamples=(content.hex(),))
        t.vocabularies.put(VocabularyDefinition("v", (label,)))
    for edit in ("turned left", "darker"):
        library.save("b.jpg", EDITS[edit](detailed(2)))
        assert library.index().edited == 1
        with library.catalog.read() as t:
            assert t.photos.of_contents([content]) == {content: library.photos()["b.jpg"]}


def test_untagged_photos_cost_no_comparison(library):
    library.save("b.jpg", detailed(2))
    library.index()
    library.save("b.jpg", EDITS["mirrored"](detailed(2)))
    assert library.index().edited == 0
    with library.catalog.read() as t:
        assert t.connection.execute(tables.former_photo.select()).all() == []


def test_a_pruned_photo_and_a_removed_folder_leave_no_trace(library):
    library.save("a.jpg", detailed(2))
    library.index()
    with library.catalog.write() as t:
        assert len(t.connection.execute(tables.former_photo.select()).all()) == 1
        t.photos.delete(t.photos.gone())
        assert t.connection.execute(tables.former_photo.select()).all() == []
    library.say("a.jpg", "dog")
    library.save("a.jpg", detailed(3))
    library.index()
    with library.catalog.write() as t:
        t.folders.remove(library.registered.id)
        assert t.connection.execute(tables.former_photo.select()).all() == []


def test_a_folder_around_takes_over_what_paths_remember(library):
    (library.folder / "a.jpg").unlink()
    library.save("b.jpg", detailed(2))
    library.index()
    with library.catalog.write() as t:
        library.registered = t.folders.add(os.fsencode(library.folder.parent))
    library.save("a.jpg", EDITS["darker"](detailed(1)))
    assert library.index().edited == 1
    assert library.tags("photos/a.jpg") == SAID


class SeeingEncoder:
    """Embeds pictures by their mean colours, so that versions of a picture are near each other."""

    batch_size = 64

    def encode(self, pixels):
        means = np.stack([picture.astype(np.float32).mean((0, 1)) for picture in pixels]) - 128
        rows = np.concatenate([means, np.ones((len(means), DIMENSION - 3), np.float32)], 1)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize("has_miniature", [True, False])
@pytest.mark.parametrize(("others", "edited"), [(230, 1), (8, 0)])
def test_in_doubt_the_nearest_of_many_photos_is_the_edit(tmp_path, has_miniature, others, edited):
    library = TaggedLibrary(tmp_path)
    library.image_encoder = SeeingEncoder()
    picture = detailed(1, 160, 120)
    with library.catalog:
        library.save("a.png", picture)
        for number in range(others):
            shades = np.random.default_rng(number).integers(0, 255, 3).tolist()
            library.save(f"{number}.png", Image.new("RGB", (32, 32), tuple(shades)))
        library.index(batch_size=64)
        library.say("a.png", "dog")
        if not has_miniature:
            with library.catalog.write() as t:
                t.connection.execute(tables.miniature.delete())
        doubtful = picture.copy()
        hidden = (0, 0, 160, 80)
        mean = np.asarray(picture.crop(hidden)).mean((0, 1)).round().astype(int).tolist()
        ImageDraw.Draw(doubtful).rectangle(hidden, fill=tuple(mean))
        if has_miniature:
            pictures = [SmallPicture(miniature(each).astype(np.float32), 4 / 3) for each in (picture, doubtful)]
            assert -DOUBT < compare_pictures(*pictures).margin < 0
        library.save("a.png", doubtful)
        assert library.index().edited == edited
