"""Which vocabularies are in force under which names, and which photos lie in which folders."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from store import InForce, LabelDefinition, VocabularyDefinition

from .conftest import Photographer, stamp


def put(t, name, *labels):
    return t.vocabularies.put(VocabularyDefinition(name, tuple(LabelDefinition(each, (each,)) for each in labels)))


def test_the_main_vocabulary_and_those_beside_it_are_in_force_by_name(catalog):
    with catalog.write() as t:
        assert (t.namespaces.in_force(), t.namespaces.names()) == ([], [""])
        animals, birds = put(t, "animals", "dog"), put(t, "water birds", "heron", "crane")
        t.library.set_revision(birds.id, "birds")
        t.library.set_retag_pending(True, "birds")
        t.library.set_retag_pending(True, "moods")
        t.namespaces.limit("birds", [b"/b", b"/a", b"/b"])
        assert t.library.revision_id() is None
        t.library.set_revision(animals.id)
        assert t.namespaces.names() == ["", "birds", "moods"]
        assert t.namespaces.in_force() == [
            InForce("", "animals", animals.id, 1, 1, ()),
            InForce("birds", "water birds", birds.id, 1, 2, (b"/a", b"/b")),
        ]
        assert (t.library.retag_pending(), t.library.retag_pending("birds")) == (False, True)
        assert [each.in_use for each in t.vocabularies.all()] == [True, True]
        assert [each.in_use for each in t.vocabularies.history("water birds")] == [True]
        t.namespaces.drop("birds")
        assert (t.library.revision_id("birds"), t.namespaces.folders("birds")) == (None, ())
        assert t.library.retag_pending("birds") is False
        assert [each.in_use for each in t.vocabularies.all()] == [True, False]


def test_a_folder_that_moves_takes_what_is_asked_for_below_it_along(catalog):
    with catalog.write() as t:
        t.namespaces.limit("birds", [b"/old", b"/old/a", b"/older", b"/o", b"/new/a"])
        t.namespaces.move(b"/old", b"/new")
        assert t.namespaces.folders("birds") == (b"/new", b"/new/a", b"/o", b"/older")


def test_a_folder_that_moves_into_itself_takes_all_along(catalog):
    with catalog.write() as t:
        t.namespaces.limit("birds", [b"/a", b"/a/b"])
        t.namespaces.move(b"/a", b"/a/b")
        assert t.namespaces.folders("birds") == (b"/a/b", b"/a/b/b")


def test_scorings_of_namespaces_leave_each_other_alone(photographer):
    photographer.put(b"a", 1)
    space = photographer.space
    with photographer.catalog.write() as t:
        revision = put(t, "animals", "dog")
        ids, offsets = np.array([label.id for label in revision.labels]), np.zeros(1)
        main = t.scores.begin(space.id, revision.id, ids, offsets)
        birds = t.scores.begin(space.id, revision.id, ids, offsets, namespace="birds")
        assert main.id != birds.id
        assert t.scores.begin(space.id, revision.id, ids, offsets).id == main.id
        t.scores.finish(main)
        assert (t.scores.begun(space.id, "birds").id, t.scores.begun(space.id)) == (birds.id, None)
        t.scores.finish(birds)
        assert t.scores.stamps(space.id) == {"": (main.id, 0), "birds": (birds.id, 0)}
        t.scores.drop("birds")
        assert (t.scores.current(space.id).id, t.scores.current(space.id, "birds")) == (main.id, None)


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
            plan = t.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            scans = [step.detail for step in plan if step.detail.startswith("SCAN")]
            assert all(detail.split()[1] == "folder" for detail in scans), (statement, scans)
