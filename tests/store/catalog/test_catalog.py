"""The catalog: stored data, and failures."""

import ctypes
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from sqlalchemy import BigInteger, String, event, func, literal, select

from store import (
    MAIN_SLOT,
    BadVector,
    Catalog,
    CatalogBusy,
    CatalogDamaged,
    CatalogError,
    CatalogMoved,
    CatalogReadOnly,
    CatalogUpgraded,
    DiskFull,
    Facts,
    FolderCovered,
    LabelDefinition,
    Outcome,
    PhotoScores,
    SpaceIdentity,
    TagSource,
    Vectors,
    VocabularyDefinition,
)
from store.embeddings.embeddings import changes_since, latest_change
from store.sql import schema as tables
from store.sql.sqlite import connect, transaction
from tests.store.conftest import IDENTITY, Photographer, stamp, unit
from tests.store.plans import tables_read_whole

WEIRD = [b"plain.jpg", b"\xff\xfe not text", "né.jpg".encode(), "né.jpg".encode(), b"new\nline", b"-dash", b"x" * 255]


def test_a_write_is_committed_whole_or_not_at_all(catalog):
    with pytest.raises(RuntimeError), catalog.write() as t:
        t.folders.add(b"/a")
        raise RuntimeError
    with catalog.read() as t:
        assert t.folders.all() == []


def test_a_read_cannot_write(catalog):
    with pytest.raises(CatalogReadOnly), catalog.read() as t:
        t.folders.add(b"/a")


def test_a_read_sees_one_state_of_the_catalog(catalog):
    with catalog.read() as t:
        assert t.folders.all() == []
        with catalog.write() as other:
            other.folders.add(b"/a")
        assert t.folders.all() == []


def test_threads_wait_for_each_others_writes(catalog):
    def add(number):
        with catalog.write() as t:
            t.folders.add(b"/%d" % number)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with catalog.read() as t:
        assert len(t.folders.all()) == 8


def test_writing_to_a_deleted_catalog_raises(tmp_path):
    with Catalog.open(tmp_path / "catalog.db") as catalog:
        (tmp_path / "catalog.db").unlink()
        with pytest.raises(CatalogMoved, match="nothing more was written"), catalog.write() as t:
            t.folders.add(b"/a")


def test_a_catalog_that_a_newer_program_upgraded_is_left_alone(tmp_path):
    path = tmp_path / "catalog.db"
    with Catalog.open(path) as catalog:
        with catalog.write() as t:
            t.folders.add(b"/a")
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            # A repair changes SQLite's counter as well.
            other.execute("VACUUM")
            with catalog.read() as t:
                assert len(t.folders.all()) == 1
            other.execute("CREATE TABLE newer (x)")
            other.execute("UPDATE alembic_version SET version_num = '9999'")
        for begin in (catalog.read, catalog.write):
            with pytest.raises(CatalogUpgraded, match="9999"), begin():
                pass


@pytest.mark.sqlite("limits the file's pages")
def test_a_full_disk_raises_and_loses_only_the_transaction(photographer):
    catalog = photographer.catalog
    photographer.put(b"first", 1)
    with pytest.raises(DiskFull, match="is full"), catalog.write() as t:
        pages = t.connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        t.connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        for number in range(2, 2000):
            t.photos.add(number.to_bytes(32, "big"), 1, Facts(1, 1, "PNG"))
    with catalog.read() as t:
        assert t.photos.count() == 1


def test_a_file_size_limit_loses_only_the_transaction(tmp_path):
    script = """
import resource, sys
from pathlib import Path
from store import MAIN_SLOT, Catalog, DiskFailed, DiskFull, Facts
with Catalog.open(Path(sys.argv[1])) as catalog:
    with catalog.write() as t:
        t.folders.add(b"/kept")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))
    try:
        with catalog.write() as t:
            for number in range(20_000):
                t.photos.add(number.to_bytes(32, "big"), 1, Facts(1, 1, "PNG"))
    except (DiskFailed, DiskFull) as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    with catalog.write() as t:
        t.folders.add(b"/after")
        print(len(t.folders.all()), t.photos.find(bytes(32)))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "catalog.db"], capture_output=True, text=True, check=True
    )
    sentence, after = done.stdout.splitlines()
    assert str(tmp_path / "catalog.db") in sentence
    assert after == "2 None"


def test_a_write_stops_waiting_for_another(catalog, database):
    with Catalog.open(database, patience=0.1) as other:
        with catalog.write():
            with pytest.raises(CatalogBusy, match="another photos process"), other.write():
                pass
            with other.read() as t:
                assert t.folders.all() == []
        with other.write() as t:
            t.folders.add(b"/a")


def test_a_write_starts_as_soon_as_another_ends(catalog):
    began, finished = threading.Event(), []

    def second():
        began.set()
        with catalog.write() as t:
            finished.append(len(t.folders.all()))

    thread = threading.Thread(target=second)
    with catalog.write() as t:
        thread.start()
        began.wait()
        t.folders.add(b"/first")
        # Longer than SQLite waits by itself.
        thread.join(0.8)
        assert finished == []
    thread.join()
    assert finished == [1]


def test_damage_inside_the_file_raises(tmp_path):
    path = tmp_path / "catalog.db"
    with Catalog.open(path) as catalog, catalog.write() as t:
        t.folders.add(b"/a")
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xaa" * (len(content) - 4096))
    with pytest.raises(CatalogDamaged, match="is damaged"), Catalog.open(path) as catalog, catalog.read() as t:
        t.folders.all()


@pytest.mark.parametrize("name", ["a?mode=ro.db", "a#b%41 c.db", "né\n.db", os.fsdecode(b"\xff.db"), ":memory:"])
def test_a_catalog_may_have_any_name(tmp_path, name):
    with Catalog.open(tmp_path / name) as catalog, catalog.write() as t:
        t.folders.add(b"/a")
    assert os.listdir(tmp_path) == [name]
    with Catalog.open(tmp_path / name) as catalog, catalog.read() as t:
        assert len(t.folders.all()) == 1


@pytest.mark.parametrize("path", WEIRD)
def test_any_path_is_stored_byte_for_byte(photographer, path):
    photo_id = photographer.put(path, 1)
    with photographer.catalog.read() as t:
        assert [file.path for file in t.files.known(photographer.folder.id)] == [path]
        assert t.photos.get([photo_id])[0].paths == (b"/photos/" + path,)
        assert t.photos.at(b"/photos/" + path).id == photo_id


def test_names_that_differ_only_in_composition_are_two_files(photographer):
    photographer.put("e\u0301.jpg".encode(), 1)
    photographer.put("\u00e9.jpg".encode(), 2)
    with photographer.catalog.read() as t:
        assert len(list(t.files.known(photographer.folder.id))) == 2


def test_an_inode_may_have_all_64_bits(catalog, photographer):
    photo_id = photographer.put(b"a", 1)
    huge = stamp().__class__(1, 2, 3, 2**64 - 1)
    with catalog.write() as t:
        t.files.indexed(photographer.folder.id, b"a", huge, photo_id)
    with catalog.read() as t:
        assert next(t.files.known(photographer.folder.id)).stamp == huge


def test_a_photo_that_comes_back_has_its_embedding(photographer):
    first = photographer.put(b"a", 7)
    photographer.remove(b"a")
    with photographer.catalog.read() as t:
        assert t.photos.count() == 0
        assert t.photos.get([first])[0].paths == ()
        assert t.embeddings.exists(photographer.space.id, first)
        assert t.embeddings.count(photographer.space.id) == 0
    assert photographer.put(b"elsewhere", 7) == first
    with photographer.catalog.read() as t:
        assert t.embeddings.count(photographer.space.id) == 1


def test_two_files_that_swap_their_contents_lose_neither(photographer):
    one, two = photographer.put(b"a", 1), photographer.put(b"b", 2)
    photographer.put(b"a", 2)
    photographer.put(b"b", 1)
    with photographer.catalog.read() as t:
        assert [photo.paths for photo in t.photos.get([one, two])] == [(b"/photos/b",), (b"/photos/a",)]


def test_ids_are_never_used_again(catalog):
    with catalog.write() as t:
        first = t.folders.add(b"/a")
        t.folders.remove(first.id)
        assert t.folders.add(b"/a").id > first.id


def test_a_folder_around_others_absorbs_them_and_one_inside_raises(photographer):
    photo_id = photographer.put(b"x/a.jpg", 1)
    with photographer.catalog.write() as t:
        with pytest.raises(FolderCovered, match="/photos/x is inside /photos"):
            t.folders.add(b"/photos/x")
        t.folders.add(b"/photos2")
        outer = t.folders.add(b"/")
        assert [folder.path for folder in t.folders.all()] == [b"/"]
        assert t.photos.get([photo_id])[0].paths == (b"/photos/x/a.jpg",)
        assert [file.path for file in t.files.known(outer.id)] == [b"photos/x/a.jpg"]


def test_removing_a_folder_removes_its_files_and_keeps_photos(photographer):
    photo_id = photographer.put(b"a", 1)
    with photographer.catalog.write() as t:
        t.folders.remove(photographer.folder.id)
    with photographer.catalog.read() as t:
        assert t.photos.count() == 0
        assert t.photos.find((1).to_bytes(32, "big")) == photo_id


def test_problems_are_listed_with_their_reasons(catalog, photographer):
    photographer.put(b"good", 1)
    with catalog.write() as t:
        t.files.failed(photographer.folder.id, b"bad", stamp(), Outcome.DAMAGED, "it is empty")
    with catalog.read() as t:
        assert [(p.path, p.outcome, p.reason) for p in t.files.problems()] == [
            (b"/photos/bad", "damaged", "it is empty")
        ]
        assert t.files.counts() == {Outcome.INDEXED: 1, Outcome.DAMAGED: 1}


def test_a_reason_may_quote_a_name_that_is_not_text(catalog, photographer):
    with catalog.write() as t:
        t.files.failed(photographer.folder.id, b"bad", stamp(), Outcome.FAILED, os.fsdecode(b"no \xff"))
        assert [problem.reason for problem in t.files.problems()] == ["no \\udcff"]


def test_a_model_may_be_a_folder_whose_name_is_not_text(catalog):
    reference = os.fsdecode(b"/models/\xff")
    with catalog.write() as t:
        t.library.set_model(reference)
        assert t.library.model() == reference


def test_a_file_that_breaks_no_longer_holds_its_photo(catalog, photographer):
    photographer.put(b"a", 1)
    with catalog.write() as t:
        t.files.failed(photographer.folder.id, b"a", stamp(1), Outcome.DAMAGED, "cut")
        assert t.photos.count() == 0


@pytest.mark.parametrize(
    ("vector", "what"),
    [
        (np.ones(8, np.float32), "length"),
        (np.full(8, np.nan, np.float32), "finite"),
        (np.ones(4, np.float32) / 2, "shape"),
    ],
)
def test_only_unit_vectors_of_the_space_are_kept(catalog, photographer, vector, what):
    photo_id = photographer.put(b"a", 1)
    with pytest.raises(BadVector, match=what), catalog.write() as t:
        t.embeddings.put(photographer.space.id, photo_id, vector)


def test_rows_are_rounded_to_half_precision_and_no_further(photographer):
    photo_id = photographer.put(b"a", 5)
    with photographer.catalog.read() as t:
        kept = t.embeddings.get(photographer.space.id, [photo_id]).matrix[0]
    np.testing.assert_array_equal(kept, unit(5).astype(np.float16).astype(np.float32))


def test_a_damaged_embedding_is_never_returned_and_can_be_replaced(photographer):
    good, bad = photographer.put(b"a", 1), photographer.put(b"b", 2)
    catalog, space = photographer.catalog, photographer.space
    with catalog.write() as t:
        vector = t.embeddings.get(space.id, [bad]).matrix[0]
        mine = tables.embedding.c.photo_id == bad
        t.connection.execute(tables.embedding.update().where(mine).values(vector=np.nextafter(vector, 2) * 1.01))
    with catalog.write() as t:
        assert t.embeddings.get(space.id, [bad, good]).ids.tolist() == [good]
        assert [page.ids.tolist() for page in t.embeddings.scan(space.id)] == [[good]]
        assert t.embeddings.drop_damaged(space.id) == [bad]
        assert [file.path for file in t.files.lacking_embedding(space.id)] == [b"b"]


def test_spaces_differ_by_hash_preprocessing_and_precision(catalog):
    with catalog.write() as t:
        first = t.spaces.ensure(IDENTITY)
        assert t.spaces.ensure(replace(IDENTITY, model="another name of the same weights")) == first
        for change in ({"weights_hash": "x"}, {"preprocessing": "y"}, {"precision": "bfloat16"}):
            assert t.spaces.ensure(replace(IDENTITY, **change)).id != first.id
        assert len(t.spaces.all()) == 4
        assert isinstance(t.spaces.get(first.id).identity, SpaceIdentity)


def test_text_and_label_vectors_are_stored_in_full_by_space(catalog, photographer):
    with catalog.write() as t:
        t.texts.put(photographer.space.id, {"dog": unit(1), "": unit(2)})
        t.texts.put(photographer.space.id, {"dog": unit(3)})
        found = t.texts.get(photographer.space.id, ["cat", "dog"])
        assert list(found) == ["dog"]
        np.testing.assert_array_equal(found["dog"], unit(1))
        assert t.texts.get(photographer.space.id + 1, ["dog"]) == {}


def vocabulary(*names, threshold=None):
    return VocabularyDefinition("mine", tuple(LabelDefinition(name, (name,)) for name in names), threshold)


def test_equal_content_makes_no_new_revision(catalog):
    with catalog.write() as t:
        one = t.vocabularies.put(vocabulary("dog", "cat"))
        assert t.vocabularies.put(vocabulary("dog", "cat")).id == one.id
        two = t.vocabularies.put(vocabulary("cat", "dog", threshold=0.5))
        assert (two.number, t.vocabularies.current("mine").id) == (2, two.id)
        assert t.vocabularies.revision(one.id).labels == one.labels
        assert {label.id for label in one.labels} == {label.id for label in two.labels}


def test_labels_are_read_again_only_when_they_changed(catalog):
    with catalog.write() as t:
        key = t.vocabularies.put(vocabulary("dog", "cat")).id
        t.vocabularies.put(VocabularyDefinition("none", ()))
    with catalog.read() as t:
        labels = t.vocabularies.revision(key).labels
        assert [label.definition.texts for label in labels] == [("dog",), ("cat",)]
        assert t.vocabularies.current("none").labels == ()
    with catalog.read() as t:
        assert t.vocabularies.revision(key).labels is labels
    with catalog.write() as t:
        copied = {"id": 77, "name": "dog", "texts": ["dog"], "digest": b"another"}
        t.connection.execute(tables.label.insert().values(copied))
        member = tables.revision_label
        t.connection.execute(member.update().where(member.c.label_id == labels[0].id).values(label_id=77))
    with catalog.read() as t:
        assert [label.id for label in t.vocabularies.revision(key).labels] == [77, labels[1].id]


def test_labels_of_a_rolled_back_revision_are_not_reused(catalog):
    with pytest.raises(InterruptedError), catalog.write() as t:
        one = t.vocabularies.put(vocabulary("dog", "cat"))
        raise InterruptedError
    with catalog.write() as t:
        two = t.vocabularies.put(vocabulary("cow", "hen"))
    # SQLite gives the id of the one that was rolled back again, and PostgreSQL the next.
    assert two.id in {one.id, one.id + 1}
    assert [label.definition.name for label in two.labels] == ["cow", "hen"]


def test_a_label_with_other_texts_is_another_label(catalog):
    with catalog.write() as t:
        one = t.vocabularies.put(VocabularyDefinition("a", (LabelDefinition("crane", ("a bird",)),)))
        two = t.vocabularies.put(VocabularyDefinition("b", (LabelDefinition("crane", ("a machine",)),)))
        assert one.labels[0].id != two.labels[0].id
        t.slots.put_in_force("", two.id)
        assert [(v.name, v.label_count, v.in_use) for v in t.vocabularies.all()] == [("a", 1, False), ("b", 1, True)]


def test_label_vectors_are_cached_by_space(catalog, photographer):
    with catalog.write() as t:
        label = t.vocabularies.put(vocabulary("dog")).labels[0]
        t.labels.put_vectors(photographer.space.id, Vectors(np.array([label.id]), unit(1)[None]))
        np.testing.assert_array_equal(t.labels.vectors(photographer.space.id, [label.id]).matrix[0], unit(1))
        assert len(t.labels.vectors(photographer.space.id + 1, [label.id])) == 0


@pytest.fixture
def tagged(photographer):
    with photographer.catalog.write() as t:
        dog, cat = (label.id for label in t.vocabularies.put(vocabulary("dog", "cat")).labels)
    return photographer, photographer.put(b"a", 1), photographer.put(b"b", 2), dog, cat


def add_tag(t, photo_id, label_id, source):
    t.connection.execute(tables.tag.insert().values(photo_id=photo_id, label_id=label_id, source=source))


def kept_scores(photo_ids, labels, cosines):
    return PhotoScores(np.array(photo_ids), np.array(labels), np.array(cosines, np.float32))


def begin(t, space, revision, *label_ids, complete=False):
    return t.scores.begin(
        space.id, MAIN_SLOT, revision.id, np.array(label_ids), np.zeros(len(label_ids)), complete=complete
    )


def test_scores_count_once_their_scoring_is_complete(tagged):
    photographer, one, two, dog, cat = tagged
    space = photographer.space
    with photographer.catalog.write() as t:
        revision, other = t.vocabularies.put(vocabulary("dog", "cat")), t.vocabularies.put(vocabulary("dog"))
        first = begin(t, space, revision, dog, cat, complete=True)
        assert t.scores.missing(first) == [one, two]
        t.scores.put(first.id, kept_scores([two, one], [[cat, dog], [dog, cat]], [[0.5, 0.25], [0.75, 0.5]]))
        assert (t.scores.missing(first), t.scores.stamp(space.id, MAIN_SLOT)) == ([], (first.id, 0))
        second = begin(t, space, other, dog)
        t.scores.put(second.id, kept_scores([one], [[dog]], [[0.75]]))
        assert begin(t, space, other, dog).id == second.id
        assert t.scores.current(space.id, MAIN_SLOT).id == first.id
        rows = [
            (key, labels.tolist(), scores.tolist())
            for page in t.scores.scan(first.id, 1)
            for key, labels, scores in page.rows()
        ]
        assert rows == [(one, [dog, cat], [0.75, 0.5]), (two, [cat, dog], [0.5, 0.25])]
        assert t.scores.missing(second) == [two]
        t.scores.finish(second)
        assert t.scores.current(space.id, MAIN_SLOT).revision_id == other.id
        assert t.scores.begun(space.id, MAIN_SLOT) is None
        assert list(t.connection.execute(select(tables.scoring.c.id)).scalars()) == [second.id]
        assert t.connection.execute(select(func.count()).select_from(tables.photo_scores)).scalar() == 1


@pytest.mark.parametrize("wanted", [[1], [256], [65536, 7], [7, 1, 256], [9], [], [7, 1, 256, 65536]])
def test_photos_that_hold_a_label_are_found_without_reading_all(tagged, wanted):
    photographer, one, _, dog, cat = tagged
    # The bytes of one number lie across two others.
    labels = np.random.default_rng(0).choice([1, 7, 256, 65536, 1 << 24], (200, 3))
    with photographer.catalog.write() as t:
        scoring = begin(t, photographer.space, t.vocabularies.put(vocabulary("dog", "cat")), dog, cat)
        t.scores.put(scoring.id, PhotoScores(np.arange(1, 201), labels, np.zeros((200, 3), np.float32)))
        pages = list(t.scores.scan(scoring.id, 30, wanted))
        some = t.scores.of(scoring.id, [one])
    found = [key for page in pages for key in page.photo_ids.tolist()]
    holding = (np.flatnonzero(np.isin(labels, wanted).any(1)) + 1).tolist()
    assert found == sorted(set(found))
    assert set(holding) <= set(found)
    if wanted == [9]:
        assert found == []
    assert some.label_ids.tolist() == [labels[one - 1].tolist()]


def test_a_new_scoring_replaces_an_unfinished_one(tagged):
    photographer, one, _, dog, cat = tagged
    space = photographer.space
    with photographer.catalog.write() as t:
        revision = t.vocabularies.put(vocabulary("dog", "cat"))
        first = begin(t, space, revision, dog)
        t.scores.put(first.id, kept_scores([one], [[dog]], [[0.75]]))
        second = begin(t, space, revision, dog, cat)
        assert list(t.connection.execute(select(tables.scoring.c.id)).scalars()) == [second.id]
        assert t.scores.begun(space.id, MAIN_SLOT).id == second.id
        assert t.scores.stamp(space.id, MAIN_SLOT) is None


def test_scores_of_embeddings_changed_since_the_start_are_dropped(tagged):
    photographer, one, two, dog, _ = tagged
    with photographer.catalog.write() as t:
        scoring = begin(t, photographer.space, t.vocabularies.put(vocabulary("dog")), dog)
        t.scores.put(scoring.id, kept_scores([one, two], [[dog], [dog]], [[0.5], [0.5]]))
        t.embeddings.put(photographer.space.id, two, unit(9))
        t.scores.forget_changed(scoring)
        assert t.scores.missing(scoring) == [two]


def test_an_amended_scoring_keeps_its_id(tagged):
    photographer, _, _, dog, cat = tagged
    with photographer.catalog.write() as t:
        revision = t.vocabularies.put(vocabulary("dog"))
        scoring = begin(t, photographer.space, revision, dog, complete=True)
        t.scores.amend(scoring, revision.id, np.array([dog, cat]), np.array([0.0, 0.5]))
        amended = t.scores.current(photographer.space.id, MAIN_SLOT)
        assert amended.is_of(revision.id, np.array([dog, cat]), np.array([0.0, 0.5]))
        assert t.scores.stamp(photographer.space.id, MAIN_SLOT) == (scoring.id, 1)


def test_a_manual_tag_holds_until_changed_and_is_recorded(tagged):
    photographer, one, _, dog, cat = tagged
    with photographer.catalog.write() as t:
        assert t.tags.record(one, dog, TagSource.USER)
        assert not t.tags.record(one, dog, TagSource.USER)
        assert t.tags.replace_imported(one, "other program", [dog]) == 1
        assert t.tags.replace_imported(one, "a third", [dog, cat]) == 2
        assert t.tags.replace_imported(one, "a third", []) == 2
        assert t.tags.replace_imported(one, "other program", [dog]) == 0
        assert t.tags.origins() == ["other program"]
        assert t.tags.record(one, dog, TagSource.REJECTED)
        assert [tag.source for tag in t.tags.of([one])[one]] == [TagSource.IMPORTED, TagSource.REJECTED]
        assert t.tags.clear(one, [dog])
        assert not t.tags.clear(one, [dog])
        assert [(tag.source, tag.origin) for tag in t.tags.of([one])[one]] == [(TagSource.IMPORTED, "other program")]
        assert [(said.what, said.origin) for said in t.tags.history(one)] == [
            ("added", None),
            ("imported", "other program"),
            ("imported", "a third"),
            ("imported", "a third"),
            ("rejected", None),
            ("cleared", None),
        ]


def test_the_library_settings_are_one_row(catalog):
    with catalog.write() as t:
        assert (t.library.model(), t.library.space_id()) == (None, None)
        t.library.set_model("demo")
        t.library.remember_weights("stamp", "one")
        t.library.remember_weights("stamp", "two")
        assert (t.library.model(), t.library.weights_hash("stamp")) == ("demo", "two")
        assert t.connection.exec_driver_sql("SELECT count(*) FROM library").scalar_one() == 1


def test_every_table_about_a_photo_carries_its_photo_id():
    about = {"embedding", "embedding_change", "file", "file_move", "former_content", "photo_scores"}
    about |= {
        "caption_vector",
        "description",
        "sidecar_write",
        "former_photo",
        "miniature",
        "perceptual_hash",
        "photo_edit",
        "photo_text",
        "stated_facts",
        "tag",
        "tag_event",
    }
    assert about == {table.name for table in tables.metadata.sorted_tables if "photo_id" in table.columns}


def test_no_everyday_statement_reads_a_whole_large_table(tagged):
    photographer, one, two, dog, cat = tagged
    catalog, space, folder = photographer.catalog, photographer.space.id, photographer.folder.id
    with catalog.write() as t:
        seen = {}

        def note(_connection, _cursor, statement, parameters, _context, many):
            seen[statement] = parameters[0] if many else parameters

        event.listen(t.connection, "before_cursor_execute", note)
        photo_id = t.photos.add(bytes(32), 1, Facts(1, 1, "PNG"))
        t.photos.find(bytes(32))
        t.embeddings.put(space, photo_id, unit(1))
        t.embeddings.get(space, [photo_id])
        list(t.embeddings.scan(space))
        t.files.indexed(folder, b"new", stamp(), photo_id)
        t.files.failed(folder, b"new", stamp(), Outcome.DAMAGED, "cut")
        t.files.forget([1])
        scoring = begin(t, photographer.space, t.vocabularies.put(vocabulary("dog", "cat")), dog, cat, complete=True)
        t.scores.put(scoring.id, kept_scores([one, two], [[dog, cat], [dog, cat]], [[0.5, 0.25], [0.5, 0.25]]))
        t.scores.of(scoring.id, [one])
        t.scores.missing(scoring)
        list(t.scores.scan(scoring.id))
        t.scores.stamp(space, MAIN_SLOT)
        t.tags.of([one])
        t.photos.get([one])
        t.photos.at(b"/photos/a")
        latest_change(t.connection, space)
        changes_since(t.connection, space, 0)
        event.remove(t.connection, "before_cursor_execute", note)
        for statement, parameters in seen.items():
            scanned = tables_read_whole(t.connection, statement, parameters)
            # Spaces, folders and scorings are few.
            assert scanned <= {"space", "folder", "scoring"}, (statement, scanned)


def test_the_database_refuses_rows_that_break_a_constraint(tagged):
    photographer, one, *_ = tagged
    with pytest.raises(Exception, match="(?i)check constraint"), photographer.catalog.write() as t:
        add_tag(t, one, 1, "invented")
    with pytest.raises(Exception, match="(?i)foreign key"), photographer.catalog.write() as t:
        add_tag(t, 999, 1, "user")


@pytest.mark.sqlite("PostgreSQL has no such settings")
def test_wal_and_foreign_keys_are_on(catalog):
    with catalog.read() as t:
        assert t.connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert t.connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1


def test_photographers_share_a_catalog(catalog, photographer):
    assert Photographer(catalog).space == photographer.space


def test_closing_a_catalog_closes_sqlite(tmp_path):
    with Catalog.open(tmp_path / "catalog.db") as catalog, catalog.write() as t:
        t.folders.add(b"/a")
    assert not (tmp_path / "catalog.db-wal").exists()
    with sqlite3.connect(tmp_path / "catalog.db") as connection:
        assert connection.execute("SELECT count(*) FROM folder").fetchone() == (1,)
    connection.close()


def test_a_read_waits_for_an_exclusive_lock(tmp_path):
    path = tmp_path / "catalog.db"
    Catalog.open(path).close()
    held = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    held.execute("PRAGMA locking_mode = EXCLUSIVE")
    held.execute("BEGIN EXCLUSIVE")
    release = threading.Timer(1.5, held.close)
    release.start()
    with Catalog.open(path) as catalog, catalog.read() as t:
        assert t.folders.all() == []
    release.join()


def test_names_that_are_not_text_are_stored_escaped(catalog):
    name = os.fsdecode(b"m\xff")
    with catalog.write() as t:
        space = t.spaces.ensure(replace(IDENTITY, model=name))
        assert t.spaces.get(space.id).identity.model == "m\\xff"
        assert t.vocabularies.current(name) is None
        t.attempts.note(bytes(32), name)
        assert t.attempts.of(bytes(32)).reason


@pytest.mark.sqlite("PostgreSQL refuses such values")
@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE photo SET taken_at = '2026-1q-29 08:00:00'",
        "UPDATE photo SET taken_at = 7",
        "UPDATE photo SET taken_at = x'ff'",
        "UPDATE photo SET keywords = '[\"a'",
        "UPDATE photo SET camera = CAST(x'ff41' AS TEXT)",
        "PRAGMA ignore_check_constraints = ON; UPDATE file SET outcome = 'indexee'",
        "DROP TABLE file",
    ],
)
def test_a_value_that_cannot_be_read_is_a_damaged_catalog(photographer, damage):
    photo = photographer.put(b"a.jpg", 1)
    with photographer.catalog.write() as t:
        for statement in damage.split("; "):
            t.connection.exec_driver_sql(statement)

    def read_all():
        with photographer.catalog.read() as t:
            t.photos.get([photo])
            t.files.counts()

    with pytest.raises(CatalogDamaged, match="is damaged"):
        read_all()


@pytest.mark.sqlite("opens the file")
def test_a_file_of_no_folder_is_a_damaged_catalog(photographer):
    photo = photographer.put(b"a.jpg", 1)
    # Without foreign keys, as a flipped bit heeds none.
    with closing(sqlite3.connect(photographer.catalog.path)) as connection:
        connection.execute("UPDATE file SET folder_id = 12345")
        connection.commit()
    with pytest.raises(CatalogDamaged, match="refers to nothing"), photographer.catalog.read() as t:
        t.photos.get([photo])


def test_a_value_of_the_program_is_no_damage(catalog):
    for wrong in (1 << 70, "\ud800"):
        with pytest.raises(Exception, match="too large|out of range|surrogates") as raised, catalog.read() as t:
            t.connection.execute(select(literal(wrong, BigInteger() if isinstance(wrong, int) else String())))
        assert not isinstance(raised.value, CatalogError)


class Interruption(KeyboardInterrupt):
    """Raised by a signal."""


@pytest.mark.parametrize(
    ("statement", "writes"),
    [
        ("BEGIN", False),
        ("SELECT 1 FROM sqlite_master LIMIT 1", False),
        ("PRAGMA query_only = ON", False),
        ("SELECT 2", False),
        ("PRAGMA query_only = OFF", False),
        ("BEGIN IMMEDIATE", True),
        ("SELECT 2", True),
    ],
)
def test_a_signal_within_any_statement_ends_the_transaction(tmp_path, statement, writes):
    path = tmp_path / "catalog.sqlite3"
    engine = connect(path)
    # Called by SQLite without any step of Python's, so that Python raises when it comes back from the driver.
    interrupt = partial(ctypes.pythonapi.PyErr_SetInterruptEx, int(signal.SIGUSR1))
    chosen = {statement}

    def stop(_number, _frame):
        raise Interruption

    def watch(connection, _cursor, text, *_):
        connection.connection.set_trace_callback(interrupt if text in chosen else None)

    event.listen(engine, "before_cursor_execute", watch)
    before = signal.signal(signal.SIGUSR1, stop)
    try:
        with pytest.raises(Interruption), transaction(engine, path, writes=writes) as connection:
            connection.exec_driver_sql("SELECT 2")
    finally:
        signal.signal(signal.SIGUSR1, before)
        chosen.clear()
    with transaction(engine, path, writes=True) as connection:
        connection.exec_driver_sql("CREATE TABLE made (x)")
    engine.dispose()
