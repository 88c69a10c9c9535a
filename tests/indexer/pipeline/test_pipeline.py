"""The indexing pipeline: every file gets one outcome, every photo is embedded once."""

import dataclasses
import hashlib
import os
import shutil
import threading

import numpy as np
import pytest

from indexer import (
    FileDone,
    FolderOffline,
    FolderScanned,
    PipelineRequest,
    ReadingBegins,
    Subtree,
    ThreadReaders,
    index_folders,
)
from indexer.files.scan import stamp_of
from indexer.models import Preprocessing
from indexer.pipeline.batch import BatchWriter
from indexer.pipeline.encode_ahead import EncodeThread
from indexer.pipeline.space_embedder import Destination
from indexer.workers.file_reader import Decoded, KnownPhoto, ReadRequest, RefusedFile, read_requested_file
from store import Catalog, Outcome, SpaceIdentity
from tests.fakes import DIMENSION, FakeImageEncoder, FakeReadContext, Listener
from tests.pictures import bomb_png, encoded, exif_with, scene, write
from tests.raw_photos import dng
from tests.store.sqlite import empty_catalog

SQUARE = Preprocessing(32, "bilinear", 1 / 255, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
IDENTITY = SpaceIdentity("tiny", "hash", SQUARE.name, "float32", DIMENSION, 4.7, -16.0)


class Library:
    """A folder of pictures and its catalog."""

    def __init__(self, tmp_path):
        self.folder = tmp_path / "photos"
        self.folder.mkdir()
        self.catalog = Catalog.open(empty_catalog(tmp_path / "catalog.db"))
        with self.catalog.write() as t:
            self.space = t.spaces.ensure(IDENTITY)
            self.registered = t.folders.add(os.fsencode(self.folder))
        self.image_encoder = FakeImageEncoder()
        self.tagger = None
        self.listener = Listener()

    def index(self, listener=None, **options):
        self.listener = listener or Listener()
        readers = options.pop("readers", None) or ThreadReaders(SQUARE, 2)
        before_batch = options.pop("before_batch", lambda _store: None)
        request = PipelineRequest(folders=[self.registered], space=self.space, **{"batch_size": 4, **options})
        return index_folders(
            self.catalog,
            request,
            readers=readers,
            image_encoder=lambda: self.image_encoder,
            tagger=self.tagger,
            progress=self.listener,
            before_batch=before_batch,
        )

    def photos(self):
        """Path below the folder to photo id."""
        with self.catalog.read() as t:
            return {file.path.decode(): file.photo_id for file in t.files.known(self.registered.id) if file.photo_id}

    def outcomes(self):
        with self.catalog.read() as t:
            return {file.path.decode(): file.outcome.value for file in t.files.known(self.registered.id)}

    def findable(self):
        with self.catalog.read() as t:
            return {int(photo_id) for page in t.embeddings.scan(self.space.id) for photo_id in page.ids}


@pytest.fixture
def library(tmp_path):
    made = Library(tmp_path)
    yield made
    made.catalog.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("decode")]


def test_every_file_ends_with_exactly_one_outcome(library):
    write(library.folder / "good.jpg", seed=1)
    write(library.folder / "deep" / "good.png", seed=2)
    (library.folder / "empty.jpg").write_bytes(b"")
    (library.folder / "cut.jpg").write_bytes(encoded(scene(seed=3))[:300])
    (library.folder / "bomb.png").write_bytes(bomb_png(30_000, 30_000))
    (library.folder / "notes.txt").write_text("hello")
    (library.folder / "no ending").write_bytes(encoded(scene(seed=4)))
    (library.folder / "wrong.gif").write_bytes(encoded(scene(seed=5), "png"))
    report = library.index()
    assert library.outcomes() == {
        "good.jpg": "indexed",
        "deep/good.png": "indexed",
        "empty.jpg": "damaged",
        "cut.jpg": "damaged",
        "bomb.png": "too large",
        "notes.txt": "not a picture",
        "no ending": "indexed",
        "wrong.gif": "indexed",
    }
    assert sum(report.outcomes.values()) == 8
    assert report.outcomes[Outcome.INDEXED] == report.embedded == 4
    done = [event for event in library.listener.events if isinstance(event, FileDone)]
    assert len(done) == 8
    assert all((event.reason is None) == (event.outcome is Outcome.INDEXED) for event in done)
    assert FolderScanned(os.fsencode(library.folder), 8, 8) in library.listener.events


def test_a_second_pass_reads_nothing_and_needs_no_encoder(library):
    write(library.folder / "a.jpg")
    (library.folder / "bad.jpg").write_bytes(b"")
    library.index()
    library.image_encoder = None
    report = library.index()
    assert (report.embedded, report.unchanged, sum(report.outcomes.values())) == (0, 2, 0)


def test_moved_renamed_and_copied_files_are_not_embedded_again(library):
    write(library.folder / "a.jpg", seed=1)
    write(library.folder / "b.jpg", seed=2)
    library.index()
    before = library.photos()
    (library.folder / "sub").mkdir()
    (library.folder / "a.jpg").rename(library.folder / "sub" / "moved.jpg")
    shutil.copy(library.folder / "b.jpg", library.folder / "copy.jpg")
    report = library.index()
    assert (report.embedded, report.moved, report.gone) == (0, 2, 1)
    assert library.photos() == {
        "sub/moved.jpg": before["a.jpg"],
        "b.jpg": before["b.jpg"],
        "copy.jpg": before["b.jpg"],
    }
    assert library.image_encoder.embedded == 2


def test_a_photo_that_leaves_and_comes_back_unchanged_is_found_again(library, tmp_path):
    write(library.folder / "a.jpg", seed=1)
    write(library.folder / "b.jpg", seed=2)
    library.index()
    photo_id = library.photos()["a.jpg"]
    # A move keeps size and times, so that only the catalog can tell that it was away.
    (library.folder / "a.jpg").rename(tmp_path / "a.jpg")
    library.index()
    assert photo_id not in library.findable()
    (tmp_path / "a.jpg").rename(library.folder / "a.jpg")
    report = library.index()
    assert library.photos()["a.jpg"] == photo_id
    assert photo_id in library.findable()
    assert report.embedded == 0


def test_changed_content_under_an_old_name_is_embedded_again(library):
    write(library.folder / "a.jpg", seed=1)
    library.index()
    before = library.photos()["a.jpg"]
    write(library.folder / "a.jpg", seed=2)
    library.index()
    after = library.photos()["a.jpg"]
    assert after != before
    assert library.findable() == {after}


def test_a_copy_keeps_the_photo_when_the_original_changes(library):
    write(library.folder / "a.jpg", seed=1)
    library.index()
    old = library.photos()["a.jpg"]
    shutil.copy(library.folder / "a.jpg", library.folder / "b.jpg")
    write(library.folder / "a.jpg", seed=2)
    library.index(batch_size=16)
    photos = library.photos()
    assert photos["b.jpg"] == old
    assert photos["a.jpg"] != old
    assert library.findable() == set(photos.values())


@pytest.mark.parametrize("batch_size", [1, 2, 16])
def test_equal_files_are_one_photo_and_are_embedded_once(library, batch_size):
    for number in range(6):
        write(library.folder / f"{number}.jpg", seed=number % 2)
    library.index(batch_size=batch_size)
    photos = library.photos()
    assert len(photos) == 6
    assert len(set(photos.values())) == 2
    assert library.image_encoder.embedded == 2
    with library.catalog.read() as t:
        assert t.photos.count() == 2
        assert t.embeddings.count(library.space.id) == 2


def test_a_photo_with_a_broken_file_is_not_found_until_it_is_repaired(library):
    path = write(library.folder / "a.jpg", seed=1)
    whole = path.read_bytes()
    library.index()
    path.write_bytes(whole[:200])
    library.index()
    assert library.findable() == set()
    path.write_bytes(whole)
    assert library.index().embedded == 0
    assert len(library.findable()) == 1


def test_an_interruption_keeps_what_is_done_and_the_next_pass_resumes(library):
    for number in range(12):
        write(library.folder / f"{number:02}.jpg", seed=number)
    library.image_encoder = FakeImageEncoder(breaks_at=7)
    with pytest.raises(KeyboardInterrupt):
        library.index()
    assert len(library.photos()) == 4
    library.image_encoder = FakeImageEncoder()
    library.index()
    assert len(library.photos()) == 12
    assert library.image_encoder.embedded == 8


def test_a_failed_batch_removes_no_photo(library):
    write(library.folder / "a.jpg", seed=1)
    library.index()
    write(library.folder / "a.jpg", seed=2)
    library.image_encoder = FakeImageEncoder(breaks_at=1)
    with pytest.raises(KeyboardInterrupt):
        library.index()
    assert len(library.findable()) == 1


def test_a_folder_that_went_away_or_was_emptied_keeps_everything(library, tmp_path):
    write(library.folder / "a.jpg")
    library.index()
    library.folder.rename(tmp_path / "elsewhere")
    report = library.index()
    assert [folder.path for folder in report.offline] == [os.fsencode(library.folder)]
    library.folder.mkdir()
    report = library.index()
    assert report.offline
    assert any(isinstance(event, FolderOffline) for event in library.listener.events)
    assert len(library.findable()) == 1


def test_some_deleted_files_are_gone(library):
    write(library.folder / "a.jpg", seed=1)
    write(library.folder / "b.jpg", seed=2)
    library.index()
    (library.folder / "a.jpg").unlink()
    assert library.index().gone == 1
    assert list(library.photos()) == ["b.jpg"]


def test_many_photos_gone_at_once_are_kept_until_confirmed(library):
    (library.folder / "trip").mkdir()
    for number in range(101):
        (library.folder / "trip" / f"{number}.bmp").write_bytes(encoded(scene(8, 8, seed=number), "bmp"))
    for number in range(200, 210):
        write(library.folder / f"{number}.jpg", seed=number)
    library.index(batch_size=32)
    shutil.rmtree(library.folder / "trip")
    (library.folder / "200.jpg").rename(library.folder / "moved.jpg")
    report = library.index()
    assert [(held.gone, held.held) for held in report.held_back] == [(101, 111)]
    assert (len(library.findable()), report.gone, report.moved) == (111, 1, 1)
    report = library.index(confirm_removals=True)
    assert (len(library.findable()), report.gone, report.held_back) == (10, 101, [])


def test_a_renamed_folder_of_many_photos_loses_none(library):
    (library.folder / "trip").mkdir()
    for number in range(101):
        (library.folder / "trip" / f"{number}.bmp").write_bytes(encoded(scene(8, 8, seed=number), "bmp"))
    library.index(batch_size=32)
    (library.folder / "trip").rename(library.folder / "journey")
    report = library.index()
    assert (report.embedded, report.moved, report.gone, report.held_back) == (0, 101, 101, [])


def test_new_rules_apply_to_indexed_files_without_confirmation(library):
    for number in range(101):
        path = library.folder / f"{number}.bmp"
        path.write_bytes(encoded(scene(8, 8, seed=number), "bmp"))
    write(library.folder / "a.jpg", seed=200)
    library.index(batch_size=32)
    (library.folder / ".photosignore").write_text("*.bmp\n!\n")
    report = library.index()
    assert (report.left_out, report.gone, len(library.findable())) == (101, 0, 1)
    assert [(bad.path, bad.line) for bad in report.bad_rules] == [(os.fsencode(library.folder / ".photosignore"), 2)]
    (library.folder / ".photosignore").unlink()
    assert (library.index().embedded, len(library.findable())) == (0, 102)


def test_a_change_to_the_facts_alone_keeps_the_photo_and_its_embedding(library):
    picture = scene(seed=1)
    (library.folder / "a.jpg").write_bytes(encoded(picture))
    library.index()
    before = library.photos()["a.jpg"]
    (library.folder / "a.jpg").write_bytes(encoded(picture, exif=exif_with(Make="Canon", Model="Canon R6")))
    report = library.index()
    assert (report.embedded, report.alike) == (0, 1)
    assert library.photos() == {"a.jpg": before}
    with library.catalog.read() as t:
        assert t.photos.get([before])[0].facts.camera == "Canon R6"
        assert (
            t.photos.get([before])[0].content_hash == hashlib.sha256((library.folder / "a.jpg").read_bytes()).digest()
        )


def test_a_copy_with_other_facts_is_another_photo_with_the_same_vector(library):
    picture = scene(seed=1)
    for name in ("a.jpg", "b.jpg"):
        (library.folder / name).write_bytes(encoded(picture))
    library.index()
    (library.folder / "a.jpg").write_bytes(encoded(picture, exif=exif_with(Make="Canon", Model="Canon R6")))
    assert library.index().embedded == 0
    photos = library.photos()
    assert photos["a.jpg"] != photos["b.jpg"]
    with library.catalog.read() as t:
        vectors = t.embeddings.get(library.space.id, list(photos.values())).matrix
    np.testing.assert_array_equal(vectors[0], vectors[1])


def test_a_file_is_read_once_a_later_change_would_be_visible(tmp_path):
    path = write(tmp_path / "a.jpg")
    wanted = ReadRequest(1, b"a.jpg", os.fsencode(path), stamp_of(path.stat()))
    stamp = read_requested_file(wanted, SQUARE, FakeReadContext(is_embedded=True)).stamp
    path.write_bytes(path.read_bytes())
    assert stamp_of(path.stat()) != stamp


@pytest.mark.parametrize("name", [b"\xff\xfe.jpg", b"a\nb.jpg", b"-rf.jpg", "e\u0301.jpg".encode()])
def test_any_name_is_indexed(library, name):
    with open(os.path.join(os.fsencode(library.folder), name), "wb") as file:
        file.write(encoded(scene()))
    library.index()
    with library.catalog.read() as t:
        assert [file.path for file in t.files.known(library.registered.id)] == [name]
        assert t.photos.count() == 1


def test_a_damaged_embedding_is_computed_again(library):
    write(library.folder / "a.jpg", seed=1)
    library.index()
    with library.catalog.write() as t:
        t.connection.exec_driver_sql("UPDATE embedding SET checksum = checksum + 1")
    assert library.findable() == set()
    assert library.index().embedded == 0
    assert library.index(check_embeddings=True).embedded == 1
    assert len(library.findable()) == 1


def test_facts_are_stored_with_the_photo(library):
    exif = exif_with(Make="Canon", Model="Canon EOS R6", camera={"DateTimeOriginal": "2020:01:02 03:04:05"})
    (library.folder / "a.jpg").write_bytes(encoded(scene(), exif=exif))
    library.index()
    with library.catalog.read() as t:
        facts = t.photos.get(list(library.photos().values()))[0].facts
    assert (facts.camera, facts.taken_at.year, facts.width) == ("Canon EOS R6", 2020, 96)


def test_new_and_returning_photos_are_tagged_by_their_stored_vectors(library, tmp_path):
    class Recorder:
        def __init__(self):
            self.prepared, self.tagged = 0, {}

        def prepare(self):
            self.prepared += 1

        def tag(self, t, vectors):
            self.tagged.update(zip(vectors.ids.tolist(), vectors.matrix, strict=True))

    library.tagger = Recorder()
    write(library.folder / "a.jpg", seed=1)
    write(library.folder / "b.jpg", seed=2)
    library.index()
    with library.catalog.read() as t:
        kept = next(t.embeddings.scan(library.space.id))
    for photo_id, row in zip(kept.ids.tolist(), kept.matrix, strict=True):
        np.testing.assert_array_equal(library.tagger.tagged[photo_id], row)
    photo_id = library.photos()["a.jpg"]
    (library.folder / "a.jpg").rename(tmp_path / "a.jpg")
    library.index()
    library.tagger = Recorder()
    (tmp_path / "a.jpg").rename(library.folder / "a.jpg")
    library.index()
    assert list(library.tagger.tagged) == [photo_id]


def test_another_space_embeds_all_photos_and_the_first_keeps_its_own(library):
    for number in range(3):
        write(library.folder / f"{number}.jpg", seed=number)
    library.index()
    first = library.space
    with library.catalog.write() as t:
        library.space = t.spaces.ensure(dataclasses.replace(IDENTITY, weights_hash="another"))
    library.image_encoder = FakeImageEncoder(breaks_at=3)
    with pytest.raises(KeyboardInterrupt):
        library.index(batch_size=2)
    library.image_encoder = FakeImageEncoder()
    report = library.index(batch_size=2)
    assert (report.embedded, library.image_encoder.embedded, report.unchanged) == (1, 1, 3)
    assert ReadingBegins(1) in library.listener.events
    with library.catalog.read() as t:
        assert (t.embeddings.count(first.id), t.embeddings.count(library.space.id)) == (3, 3)


def test_a_file_that_changes_during_reading_is_read_when_it_settles(tmp_path):
    path = write(tmp_path / "a.bmp")
    with path.open("ab") as end:
        end.write(bytes(8 << 20))
    wanted = ReadRequest(1, b"a.bmp", os.fsencode(path), stamp_of(path.stat()))
    is_over = threading.Event()

    def go_on_writing():
        with path.open("ab", buffering=0) as end:
            while not is_over.is_set():
                end.write(b"\0")

    writer = threading.Thread(target=go_on_writing)
    writer.start()
    try:
        # On a busy machine the writer may not have its turn while the file is read.
        readings = (read_requested_file(wanted, SQUARE, FakeReadContext(is_embedded=True)) for _ in range(500))
        assert any(isinstance(reading, RefusedFile) and reading.may_settle for reading in readings)
    finally:
        is_over.set()
        writer.join()
    assert isinstance(read_requested_file(wanted, SQUARE, FakeReadContext()), Decoded)


def test_a_file_that_is_away_for_a_moment_is_read_at_the_end(library, tmp_path):
    write(library.folder / "a.jpg", seed=1)
    write(library.folder / "b.jpg", seed=2)

    class Replacing(Listener):
        def report(self, event):
            super().report(event)
            if isinstance(event, FolderScanned):
                (library.folder / "a.jpg").rename(tmp_path / "a.jpg")
            elif isinstance(event, FileDone) and event.path.endswith(b"b.jpg"):
                (tmp_path / "a.jpg").rename(library.folder / "a.jpg")

    listener = Replacing()
    report = library.index(listener)
    assert library.outcomes() == {"a.jpg": "indexed", "b.jpg": "indexed"}
    assert report.embedded == 2
    assert len([event for event in listener.events if isinstance(event, FileDone)]) == 2


@pytest.mark.skipif(not os.path.exists("/proc/self/mem"), reason="needs a file that opens and cannot be read")
def test_an_unreadable_file_keeps_its_photo_and_a_new_one_is_a_problem(library):
    path = write(library.folder / "a.jpg", seed=1)
    whole = path.read_bytes()
    library.index()
    before = library.photos()
    for name in ("a.jpg", "new.jpg"):
        (library.folder / name).unlink(missing_ok=True)
        (library.folder / name).symlink_to("/proc/self/mem")
    report = library.index()
    assert report.outcomes[Outcome.FAILED] == len(report.unread) == 2
    assert library.photos() == before
    assert library.findable() == set(before.values())
    assert library.outcomes() == {"a.jpg": "indexed", "new.jpg": "failed"}
    for name in ("a.jpg", "new.jpg"):
        (library.folder / name).unlink()
        (library.folder / name).write_bytes(whole)
    library.index()
    assert library.photos() == {"a.jpg": before["a.jpg"], "new.jpg": before["a.jpg"]}


def test_half_a_raw_photo_is_indexed_by_its_preview_and_said_so(library):
    whole = dng(scene(240, 160), scene(120, 80))
    (library.folder / "a.dng").write_bytes(whole[: len(whole) // 2])
    listener = Listener()
    report = library.index(listener)
    note = "it was read from its preview, since the end of the file is missing"
    assert report.noted == [(bytes(library.folder / "a.dng"), note)]
    assert library.outcomes() == {"a.dng": "indexed"}
    assert [event.reason for event in listener.events if isinstance(event, FileDone)] == [note]
    with library.catalog.read() as t:
        assert t.files.problems() == []


def test_a_file_that_vanishes_before_reading_costs_nothing_else(library):
    for number in range(3):
        write(library.folder / f"{number}.jpg", seed=number)

    class Vanishing(Listener):
        def report(self, event):
            if isinstance(event, FolderScanned):
                (library.folder / "1.jpg").unlink()

    library.index(Vanishing())
    assert sorted(library.photos()) == ["0.jpg", "2.jpg"]
    assert "1.jpg" not in library.outcomes()


def test_only_the_given_parts_are_scanned(library):
    write(library.folder / "a.jpg", seed=1)
    write(library.folder / "trip" / "b.jpg", seed=2)
    write(library.folder / "trip" / "deep" / "c.jpg", seed=3)
    library.index()
    for name in ("a.jpg", "trip/b.jpg", "trip/deep/c.jpg"):
        (library.folder / name).unlink()
    write(library.folder / "new.jpg", seed=4)
    write(library.folder / "trip" / "new.jpg", seed=5)
    write(library.folder / "trip" / "deep" / "new.jpg", seed=6)

    def index(path, *, is_deep):
        report = library.index(within={library.registered.id: [Subtree(path, is_deep)]})
        return report.embedded, report.gone

    assert index(b"trip", is_deep=False) == (1, 1)
    assert index(b"trip", is_deep=True) == (1, 1)
    assert index(b"", is_deep=False) == (1, 1)
    assert set(library.photos()) == {"new.jpg", "trip/new.jpg", "trip/deep/new.jpg"}


def test_a_missing_part_is_gone_unless_its_folder_is_offline(library, tmp_path):
    write(library.folder / "a.jpg", seed=1)
    write(library.folder / "trip" / "b.jpg", seed=2)
    library.index()
    part = {library.registered.id: [Subtree(b"trip", is_deep=True)]}
    library.folder.rename(tmp_path / "elsewhere")
    assert library.index(within=part).offline
    (library.folder).mkdir()
    assert library.index(within=part).offline
    library.folder.rmdir()
    (tmp_path / "elsewhere").rename(library.folder)
    shutil.rmtree(library.folder / "trip")
    report = library.index(within=part)
    assert (report.gone, report.offline, list(library.photos())) == (1, [], ["a.jpg"])


def test_a_folder_left_empty_is_offline_also_when_scanned_in_parts(library):
    write(library.folder / "trip" / "b.jpg", seed=2)
    library.index()
    (library.folder / "trip" / "b.jpg").unlink()
    for parts in ({library.registered.id: [Subtree(b"trip", is_deep=False)]}, None):
        report = library.index(within=parts)
        assert (report.gone, report.offline, list(library.photos())) == (0, [library.registered], ["trip/b.jpg"])
    write(library.folder / "notes.jpg", seed=3)
    assert library.index().gone == 1


def test_rules_above_a_part_apply_to_it(library):
    write(library.folder / "trip" / "deep" / "a.jpg", seed=1)
    write(library.folder / "trip" / "deep" / "b.png", seed=2)
    library.index()
    (library.folder / ".photosignore").write_text("*.png\n")
    report = library.index(within={library.registered.id: [Subtree(b"trip/deep", is_deep=False)]})
    assert (report.left_out, list(library.photos())) == (1, ["trip/deep/a.jpg"])
    (library.folder / "trip" / ".photosignore").write_text("deep/\n")
    report = library.index(within={library.registered.id: [Subtree(b"trip/deep", is_deep=True)]})
    assert (report.left_out, library.photos()) == (1, {})


def test_a_file_that_changed_a_moment_ago_is_left_for_later(library):
    write(library.folder / "a.jpg", seed=1)
    report = library.index(min_age=3600)
    assert report.too_recent == [(library.registered, b"a.jpg")]
    assert library.photos() == {}
    assert library.index().embedded == 1


def test_a_deleted_tree_reported_in_many_parts_is_one_loss(library):
    for number in range(102):
        path = library.folder / str(number % 3) / f"{number}.bmp"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(encoded(scene(8, 8, seed=number), "bmp"))
    write(library.folder / "a.jpg", seed=200)
    library.index(batch_size=32)
    for number in range(3):
        shutil.rmtree(library.folder / str(number))
    parts = [Subtree(str(number).encode(), is_deep=True) for number in range(3)]
    report = library.index(within={library.registered.id: parts})
    assert [(held.gone, held.held) for held in report.held_back] == [(102, 103)]
    assert report.gone == 0


def test_a_photo_pruned_while_its_file_was_read_is_read_again(library):
    path = write(library.folder / "a.jpg")
    wanted = ReadRequest(library.registered.id, b"a.jpg", os.fsencode(path), stamp_of(path.stat()))
    own = Destination(library.space, lambda: library.image_encoder, None)
    writer = BatchWriter(library.catalog, own, EncodeThread())
    writer.store(writer.begin([KnownPhoto(wanted, wanted.stamp, b"x" * 32)]))
    assert library.outcomes() == {}
    assert library.index().embedded == 1


class Meanwhile(Listener):
    """Calls an action once, after the survey and before reading begins."""

    def __init__(self, what):
        super().__init__()
        self.what = what

    def report(self, event):
        super().report(event)
        if isinstance(event, ReadingBegins) and self.what is not None:
            what, self.what = self.what, None
            what()


def test_a_file_that_comes_back_during_a_pass_is_not_forgotten(library):
    path = write(library.folder / "x.jpg", seed=1)
    write(library.folder / "y.jpg", seed=2)
    library.index()
    data = path.read_bytes()
    path.unlink()

    def back():
        path.write_bytes(data)
        library.index()

    write(library.folder / "n.jpg", seed=3)
    library.index(Meanwhile(back))
    assert sorted(library.photos()) == ["n.jpg", "x.jpg", "y.jpg"]


def test_a_folder_removed_during_a_pass_does_not_end_it(library):
    write(library.folder / "a.jpg", seed=1)
    (library.folder / "a.nef").write_bytes(encoded(scene(seed=4)))

    def remove():
        with library.catalog.write() as t:
            t.folders.remove(library.registered.id)

    library.index(Meanwhile(remove))
    with library.catalog.read() as t:
        assert t.folders.all() == []
        assert t.photos.count() == 0


def test_a_folder_merged_into_another_during_a_pass_does_not_end_it(library):
    write(library.folder / "a.jpg", seed=1)

    def absorb():
        with library.catalog.write() as t:
            t.folders.add(os.fsencode(library.folder.parent))

    library.index(Meanwhile(absorb))
    with library.catalog.read() as t:
        (library.registered,) = t.folders.all()
    library.index()
    assert [name for name in library.photos() if name.endswith("a.jpg")] == ["photos/a.jpg"]


def test_a_picture_and_a_copy_with_new_facts_in_one_batch_are_both_kept(library):
    path = library.folder / "a.jpg"
    path.write_bytes(encoded(scene()))
    library.index()
    shutil.copy(path, library.folder / "b.jpg")
    path.write_bytes(encoded(scene(), exif=exif_with(Make="Canon")))
    report = library.index()
    assert sorted(library.photos()) == ["a.jpg", "b.jpg"]
    assert report.outcomes[Outcome.INDEXED] == 2


def test_companions_wait_for_a_picture_that_is_being_copied(library):
    write(library.folder / "a.jpg", seed=1)
    (library.folder / "a.nef").write_bytes(encoded(scene(seed=4)))
    report = library.index(min_age=60)
    assert library.outcomes() == {}
    assert report.embedded == 0
    os.utime(library.folder / "a.nef", (1, 1))
    library.index()
    assert library.outcomes() == {"a.jpg": "indexed", "a.nef": "companion"}


def test_a_disk_that_goes_away_during_a_walk_loses_nothing(library):
    for number in range(6):
        write(library.folder / str(number) / "a.jpg", seed=number)
    library.index()
    moved = library.folder.parent / "away"
    report = library.index(pair=WentAway(lambda: library.folder.rename(moved)))
    assert (report.gone, len(report.offline)) == (0, 1)
    moved.rename(library.folder)
    assert library.index().unchanged == 6


class WentAway:
    """True, and calls an action at the third use: in the middle of a walk."""

    def __init__(self, what):
        self.asked, self.what = 0, what

    def __bool__(self):
        self.asked += 1
        if self.asked == 3:
            self.what()
        return True


def test_an_interrupted_pass_reads_no_further_files(library):
    for number in range(40):
        write(library.folder / f"{number:02}.jpg", seed=number)
    started = []

    class Slow(ThreadReaders):
        def read(self, file, context):
            started.append(file.path)
            if len(started) == 3:
                abandoned.wait(5)
            return super().read(file, context)

        def abandon(self):
            count.append(len(started))
            abandoned.set()

    abandoned, count = threading.Event(), []
    library.image_encoder = FakeImageEncoder(breaks_at=1)
    with pytest.raises(KeyboardInterrupt):
        library.index(readers=Slow(SQUARE, 2), batch_size=1)
    assert len(started) <= count[0] + 1
