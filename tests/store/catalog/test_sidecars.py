"""The journal of sidecars."""

from __future__ import annotations

import pytest

HASH = bytes(32)


@pytest.fixture
def noted(catalog):
    with catalog.write() as t:
        run = t.sidecars.begin()
        made = t.sidecars.note(run, 1, b"/p/a.jpg.xmp", None, HASH)
        changed = t.sidecars.note(run, 2, b"/p/\xff.xmp", b"before" * 100, HASH)
        t.sidecars.end(run)
    return run, made, changed


def test_a_run_keeps_the_earlier_contents(catalog, noted):
    run, made, changed = noted
    with catalog.read() as t:
        (one,) = t.sidecars.runs()
        assert (one.id, one.made, one.changed, one.undone_at) == (run, 1, 1, None)
        writes = t.sidecars.writes(run, 0, 10)
        assert [(w.id, w.path, w.before, w.after_hash) for w in writes] == [
            (made, b"/p/a.jpg.xmp", None, HASH),
            (changed, b"/p/\xff.xmp", b"before" * 100, HASH),
        ]
        assert [w.id for w in t.sidecars.writes(run, made, 10)] == [changed]
        assert len(t.sidecars.writes(run, 0, 1)) == 1


def test_an_undone_write_is_not_undone_again(catalog, noted):
    run, made, changed = noted
    with catalog.write() as t:
        t.sidecars.undone([made])
        t.sidecars.undone_run(run)
    with catalog.read() as t:
        assert [w.id for w in t.sidecars.writes(run, 0, 10)] == [changed]
        assert t.sidecars.runs()[0].undone_at is not None


def test_an_empty_run_is_deleted_and_its_number_not_reused(catalog, noted):
    with catalog.write() as t:
        run = t.sidecars.begin()
        t.sidecars.drop([t.sidecars.note(run, 1, b"/p/a.jpg.xmp", b"", HASH)])
        assert t.sidecars.cut_short() == [run]
        t.sidecars.end(run)
        assert t.sidecars.cut_short() == []
        assert [each.id for each in t.sidecars.runs()] == [noted[0]]
        assert t.sidecars.begin() > run


def test_a_later_run_is_found_unless_it_was_undone(catalog, noted):
    with catalog.write() as t:
        first = t.sidecars.writes(noted[0], 0, 1)[0]
        assert t.sidecars.later(first) is None
        run = t.sidecars.begin()
        again = t.sidecars.note(run, 1, first.path, b"x", HASH)
        assert t.sidecars.later(first) == run
        t.sidecars.undone([again])
        assert t.sidecars.later(first) is None


def test_entries_move_with_their_folder_and_outlive_photos(catalog, noted):
    with catalog.write() as t:
        t.sidecars.note(noted[0], 1, b"/pp/a.jpg.xmp", None, HASH)
        t.sidecars.move(b"/p", b"/new/place/")
        t.photos.delete([1, 2])
        paths = [w.path for w in t.sidecars.writes(noted[0], 0, 10)]
    assert paths == [b"/new/place/a.jpg.xmp", b"/new/place/\xff.xmp", b"/pp/a.jpg.xmp"]


def test_large_contents_come_in_smaller_batches(catalog):
    large = bytes(20 << 20)
    with catalog.write() as t:
        run = t.sidecars.begin()
        ids = [t.sidecars.note(run, 1, b"/p/%d.xmp" % number, large, HASH) for number in range(5)]
    with catalog.read() as t:
        first = t.sidecars.writes(run, 0, 10)
        assert 1 <= len(first) < len(ids)
        rest = t.sidecars.writes(run, first[-1].id, 10)
        assert [each.id for each in [*first, *rest]] == ids


def test_sidecars_that_runs_made_are_known(catalog, noted):
    with catalog.read() as t:
        assert t.sidecars.made(b"/p") == {b"/p/a.jpg.xmp"}
        assert t.sidecars.made(b"/p/a") == set()
        assert t.sidecars.made(b"/") == {b"/p/a.jpg.xmp"}
