"""Slots and their folders: vocabularies in force, pending re-tags, and the photos below folders."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from store import MAIN_SLOT, LabelDefinition, Slot, SlotSummary, VocabularyDefinition
from tests.store.conftest import Photographer, stamp
from tests.store.plans import tables_read_whole


def put(t, name, *labels):
    return t.vocabularies.put(VocabularyDefinition(name, tuple(LabelDefinition(each, (each,)) for each in labels)))


def test_slots_are_in_force_by_name_once_they_have_a_current_revision(catalog):
    with catalog.write() as t:
        assert (t.slots.in_force(), t.slots.names(), t.slots.all()) == ([], [""], [])
        animals, birds = put(t, "animals", "dog"), put(t, "water birds", "heron", "crane")
        t.slots.put_in_force("birds", birds.id)
        t.slots.set_target("moods", animals.id)
        t.slots.limit("birds", [b"/b", b"/a", b"/b"])
        assert t.slots.current_revision_id("") is None
        t.slots.put_in_force("", animals.id)
        assert t.slots.names() == ["", "birds", "moods"]
        assert t.slots.in_force() == [
            SlotSummary("", "animals", animals.id, 1, 1, ()),
            SlotSummary("birds", "water birds", birds.id, 1, 2, (b"/a", b"/b")),
        ]
        assert t.slots.pending() == {"moods": animals.id}
        assert [each.in_use for each in t.vocabularies.all()] == [True, True]
        assert [each.in_use for each in t.vocabularies.history("water birds")] == [True]
        t.slots.drop("birds")
        assert (t.slots.get("birds"), t.slots.folders("birds")) == (None, ())
        assert [each.in_use for each in t.vocabularies.all()] == [True, False]


def test_a_retag_is_pending_where_the_target_differs_from_the_current_one(catalog):
    with catalog.write() as t:
        first, second = put(t, "animals", "dog"), put(t, "animals", "cat")
        begun = t.slots.set_target("", first.id)
        assert t.slots.get("") == Slot("", None, begun)
        assert t.slots.set_target("", first.id) == begun, "the same target is no change"
        t.slots.set_current("", begun)
        assert t.slots.pending() == {}
        t.slots.set_target("", second.id)
        assert (t.slots.current_revision_id(""), t.slots.target_revision_id("")) == (first.id, second.id)
        t.slots.set_target("", first.id)
        assert t.slots.pending() == {"": first.id}


def test_changes_after_the_target_was_read_stay_pending(catalog):
    with catalog.write() as t:
        revision = put(t, "animals", "dog")
        t.slots.put_in_force("birds", revision.id)
        t.slots.put_in_force("", revision.id)
        for stale in (lambda: t.slots.mark_stale(""), t.slots.mark_all_stale):
            t.slots.mark_stale("")
            read = t.slots.get("").target
            stale()
            t.slots.set_current("", read)
            assert t.slots.get("").is_pending
            t.slots.set_current("", t.slots.get("").target)
            assert not t.slots.get("").is_pending
        assert t.slots.pending() == {"birds": revision.id}
        t.slots.mark_stale("no such slot")


def test_every_space_has_its_own_pending_retags(photographer):
    with photographer.catalog.write() as t:
        other = t.spaces.ensure(replace(photographer.space.identity, precision="int8"))
        t.library.set_space(photographer.space.id)
        there = t.slots.of(other.id)
        first, second = put(t, "animals", "dog"), put(t, "animals", "cat")
        t.slots.put_in_force("", first.id)
        assert (t.slots.pending(), there.pending(), there.in_force()) == ({}, {"": first.id}, [])
        read = there.get("").target
        t.slots.set_target("", second.id)
        assert (t.slots.current_revision_id(""), there.target_revision_id("")) == (first.id, second.id)
        there.set_current("", there.get("").target)
        assert (t.slots.pending(), there.pending()) == ({"": second.id}, {})
        assert there.get("").target.version > read.version
        assert [each.in_use for each in t.vocabularies.history("animals")] == [False, True]
        there.mark_all_stale()
        t.slots.set_current("", t.slots.get("").target)
        assert (t.slots.pending(), there.pending()) == ({}, {"": second.id})
        there.set_current("", there.get("").target)
        t.slots.mark_stale_everywhere("")
        assert (t.slots.pending(), there.pending()) == ({"": second.id}, {"": second.id})


def test_a_first_retag_in_a_space_notices_what_comes_during_it(photographer):
    with photographer.catalog.write() as t:
        other = t.spaces.ensure(replace(photographer.space.identity, precision="int8"))
        t.library.set_space(photographer.space.id)
        t.slots.put_in_force("", put(t, "animals", "dog").id)
        there = t.slots.of(other.id)
        read = there.get("").target
        t.slots.mark_stale_everywhere("")
        there.set_current("", read)
        assert there.get("").is_pending


def test_what_is_in_force_without_photos_stays_so_in_the_first_space(photographer):
    with photographer.catalog.write() as t:
        revision = put(t, "animals", "dog")
        t.slots.put_in_force("", revision.id)
        t.library.set_space(photographer.space.id)
        assert (t.slots.current_revision_id(""), t.slots.pending()) == (revision.id, {})


def test_a_moved_folder_moves_in_the_slots_too(catalog):
    with catalog.write() as t:
        t.slots.put_in_force("birds", put(t, "birds", "heron").id)
        t.slots.limit("birds", [b"/old", b"/old/a", b"/older", b"/o", b"/new/a"])
        t.slots.move(b"/old", b"/new")
        assert t.slots.folders("birds") == (b"/new", b"/new/a", b"/o", b"/older")


def test_a_folder_can_move_into_itself(catalog):
    with catalog.write() as t:
        t.slots.put_in_force("birds", put(t, "birds", "heron").id)
        t.slots.limit("birds", [b"/a", b"/a/b"])
        t.slots.move(b"/a", b"/a/b")
        assert t.slots.folders("birds") == (b"/a/b", b"/a/b/b")


def test_scorings_of_slots_are_independent(photographer):
    photographer.put(b"a", 1)
    space = photographer.space
    with photographer.catalog.write() as t:
        revision = put(t, "animals", "dog")
        ids, offsets = np.array([label.id for label in revision.labels]), np.zeros(1)
        main = t.scores.begin(space.id, MAIN_SLOT, revision.id, ids, offsets)
        birds = t.scores.begin(space.id, "birds", revision.id, ids, offsets)
        assert main.id != birds.id
        assert t.scores.begin(space.id, MAIN_SLOT, revision.id, ids, offsets).id == main.id
        t.scores.finish(main)
        assert (t.scores.begun(space.id, "birds").id, t.scores.begun(space.id, MAIN_SLOT)) == (birds.id, None)
        t.scores.finish(birds)
        assert t.scores.stamps(space.id) == {"": (main.id, 0), "birds": (birds.id, 0)}
        t.scores.drop("birds")
        assert (t.scores.current(space.id, MAIN_SLOT).id, t.scores.current(space.id, "birds")) == (main.id, None)


NAMES = st.sampled_from([b"a", b"b", b"a b", b"a0", b"a/", b"\xff"]).map(lambda name: name.rstrip(b"/"))
PATHS = st.lists(NAMES, min_size=1, max_size=4).map(b"/".join)
ASKED = st.sampled_from([b"/", b"/photos", b"/other", b"/pho", b"/photosx"]) | PATHS.map(
    lambda path: b"/photos/" + path
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(PATHS, st.integers(1, 6), max_size=12), st.lists(ASKED, max_size=3), st.booleans())
def test_photos_lie_below_a_folder_if_a_file_of_theirs_does(catalog, files, asked, also_other):
    here = Photographer(catalog)
    with catalog.write() as t:
        for folder in t.folders.all():
            t.files.forget([file.id for file in t.files.known(folder.id)])
    ids = {b"/photos/" + path: here.put(path, content) for path, content in files.items()}
    if also_other:
        there = Photographer(catalog, b"/other")
        ids[b"/other/a"] = there.put(b"a", 7)
    expected = {
        photo_id for path, photo_id in ids.items() if any(path.startswith(each.rstrip(b"/") + b"/") for each in asked)
    }
    with catalog.read() as t:
        assert t.scopes.photos(asked).tolist() == sorted(expected)
        every = sorted({*ids.values(), 10**6})
        assert t.scopes.among(asked, every) == expected
        assert t.scopes.among(asked, every[:1]) == expected & set(every[:1])
        for each in asked:
            assert t.scopes.holds(each) == any(path.startswith(each.rstrip(b"/") + b"/") for path in ids)


def test_files_that_hold_no_photo_put_none_into_a_folder(photographer):
    with photographer.catalog.write() as t:
        t.files.companion(photographer.folder.id, b"a/x.xmp", stamp(), b"x.jpg")
        assert t.scopes.photos([b"/photos"]).tolist() == []


@pytest.mark.parametrize("folders", [[b"/photos"], [b"/photos/a"]])
def test_a_part_of_a_folder_is_found_by_the_index(photographer, folders):
    photographer.put(b"a/b", 1)
    with photographer.catalog.read() as t:
        seen: list[tuple[str, object]] = []

        def note(_connection, _cursor, statement, parameters, _context, _many):
            seen.append((statement, parameters))

        event.listen(t.connection, "before_cursor_execute", note)
        t.scopes.photos(folders)
        t.scopes.among(folders, [1])
        event.remove(t.connection, "before_cursor_execute", note)
        for statement, parameters in seen:
            assert tables_read_whole(t.connection, statement, parameters) <= {"folder"}, statement
