"""Repositories of small subjects on each database: rows that they store, and rows that they find."""

from datetime import UTC, date, datetime, timedelta

import numpy as np

from store import Facts, FileMove, LabelFit, Outcome, StoredHashes, Vectors
from store.filters.criteria import Measure, Measured
from store.filters.facets import Facet
from store.filters.selection import NO_DAY
from store.records import CosineSpread
from tests.store.conftest import stamp, unit

NOON = datetime.fromisoformat("2024-02-29 12:30")


def add(photographer, path, number, **facts):
    with photographer.catalog.write() as t:
        photo_id = t.photos.add(number.to_bytes(32, "big"), 9, Facts(4, 3, "JPEG", **facts))
        t.files.indexed(photographer.folder.id, path, stamp(number), photo_id)
    return photo_id


def test_values_of_facts_are_counted(photographer):
    one = add(photographer, b"a/1.jpg", 1, taken_at=NOON, camera="Kodak", keywords=("sea", "é", "[]"))
    add(photographer, b"a/b/2.jpg", 2, taken_at=NOON - timedelta(days=800), camera="agfa", keywords=("sea",))
    add(photographer, b"3.jpg", 3)
    with photographer.catalog.read() as t:
        assert t.facets.count(Facet.YEAR) == [(2024, 1), (2021, 1)]
        assert {type(year) for year, _ in t.facets.count(Facet.YEAR)} == {int}
        assert t.facets.count(Facet.CAMERA) == [("Kodak", 1), ("agfa", 1)]
        assert t.facets.count(Facet.KEYWORD) == [("sea", 2), ("[]", 1), ("é", 1)]
        assert t.facets.count(Facet.KEYWORD, np.array([one])) == [("[]", 1), ("sea", 1), ("é", 1)]
        assert t.facets.count(Facet.FOLDER) == [(b"/photos", 3), (b"/photos/a", 2), (b"/photos/a/b", 1)]
        assert sorted(t.facets.file_names(9)) == ["1.jpg", "2.jpg", "3.jpg"]
        assert [keywords for _, keywords in t.photos.keywords()] == [("sea", "é", "[]"), ("sea",)]


def test_photos_are_listed_by_day_with_undated_ones_last(photographer):
    undated = add(photographer, b"1", 1)
    early = add(photographer, b"2", 2, taken_at=datetime.fromisoformat("0812-01-02 03:00"))
    late = add(photographer, b"3", 3, taken_at=NOON)
    with photographer.catalog.read() as t:
        shapes = t.selection.shapes()
        assert shapes.ids.tolist() == [late, early, undated]
        assert shapes.days.tolist() == [
            *((day - date(1970, 1, 1)).days for day in (NOON.date(), date(812, 1, 2))),
            NO_DAY,
        ]
        assert t.photos.contents() == [number.to_bytes(32, "big") for number in (3, 2, 1)]


def test_files_of_a_directory_are_found_with_and_without_those_below(photographer):
    paths = [b"x.jpg", b"a/y.jpg", b"a/b/z.jpg", b"a0.jpg", b"\xff/\\%_.jpg"]
    for number, path in enumerate(paths, 1):
        add(photographer, path, number)
    folder = photographer.folder.id
    with photographer.catalog.read() as t:
        assert {file.path for file in t.files.known(folder, b"a")} == {b"a/y.jpg", b"a/b/z.jpg"}
        assert {file.path for file in t.files.known(folder, b"a", is_deep=False)} == {b"a/y.jpg"}
        assert {file.path for file in t.files.known(folder, is_deep=False)} == {b"x.jpg", b"a0.jpg"}
        assert {file.path for file in t.files.known(folder, b"\xff")} == {paths[4]}


def test_sidecars_are_found_by_the_endings_of_their_names(photographer):
    names = [b"a.xmp", b"b.XMP", b"xmp", b"c.json", b"\xff\\.xMp", b"d.x_p", b"mp"]
    with photographer.catalog.write() as t:
        for number, name in enumerate(names):
            t.files.companion(photographer.folder.id, name, stamp(number), b"a.jpg")
        found = t.files.unread_sidecars([b".xmp", b".x%"], 1)
        assert {file.path for file in found} == {b"a.xmp", b"b.XMP", b"\xff\\.xMp"}


def test_moves_are_kept_until_they_are_undone(catalog):
    moves = [FileMove(7, b"/a/%d" % at, b"/b/\xff%d" % at, bytes(32), 1 << 40, 1 << 62, at == 1) for at in range(2)]
    with catalog.write() as t:
        empty, run = t.moves.begin(b"/b"), t.moves.begin(b"/b")
        t.moves.note(run, moves)
        assert t.moves.cut_short() == [empty, run]
        t.moves.end(empty)
        t.moves.end(run)
        kept = t.moves.moves(run)
        assert [(each.old_path, each.mtime_ns, each.is_sidecar) for each in kept] == [
            (b"/a/0", 1 << 62, False),
            (b"/a/1", 1 << 62, True),
        ]
        assert [(each.id, each.files) for each in t.moves.runs()] == [(run, 1)]
        t.moves.undone([kept[0].id])
        assert t.moves.moves(run) == [kept[1]]


def test_saved_searches_are_listed_newest_first(catalog):
    with catalog.write() as t:
        for name, query in (("b", "one"), ("a", "two"), ("b", "three")):
            t.saved_searches.put(name, query)
        assert [(each.name, each.query) for each in t.saved_searches.all()] == [("b", "three"), ("a", "two")]
        t.saved_searches.remove("b")
        assert t.saved_searches.get("b") is None


def test_perceptual_hashes_replace_earlier_ones(photographer):
    ids = [photographer.put(b"%d" % number, number) for number in range(1, 4)]
    with photographer.catalog.write() as t:
        for method in (1, 2):
            bits = np.full((4, 8), method, np.uint8)
            colours = np.full((4, 8, 8, 3), method, np.uint8)
            t.perceptual_hashes.put(method, StoredHashes(np.array([*ids, 999]), bits, colours))
        found = t.perceptual_hashes.of(2, ids)
        assert (found.photo_ids.tolist(), found.bits.tolist()) == (ids, [[2] * 8] * 3)
        assert len(t.perceptual_hashes.of(1, ids)) == 0


def test_only_the_newest_searches_are_remembered(photographer):
    space = photographer.space.id
    with photographer.catalog.write() as t:
        t.texts.put(space, {"label": unit(1)})
        for number in range(4):
            t.texts.put(space, {f"text {number}": unit(number)}, searches=2)
        assert {text for text, _ in t.texts.searched()} == {"text 2", "text 3"}
        # PostgreSQL keeps no such character.
        t.texts.put(space, {"a\0b": unit(9)}, searches=2)
        assert t.texts.forget_searches({"label"}) == 2
        assert list(t.texts.get(space, ["label", "text 3"])) == ["label"]


def test_calibrations_and_fits_are_kept_for_labels(photographer):
    space = photographer.space.id
    with photographer.catalog.write() as t:
        dog, cat = (t.vocabularies.label_called(name) for name in ("dog", "cat"))
        begun = t.calibrations.begin(space)
        assert t.calibrations.current(space) is None
        t.calibrations.put_in_force(begun, 10)
        t.calibrations.complete(begun, {dog: CosineSpread(0.25, 0.5)})
        t.calibrations.complete(begun, {dog: CosineSpread(0.75, 0.5), cat: CosineSpread(0.5, 1.0)})
        assert t.calibrations.of(begun, [cat, dog]) == {dog: CosineSpread(0.25, 0.5), cat: CosineSpread(0.5, 1.0)}
        fit = LabelFit(3, 0.125, 0.5)
        t.labels.put_vectors(space, Vectors(np.array([dog]), unit(1)[None]), {dog: fit})
        assert t.labels.fits(space, [dog, cat]) == {dog: fit}
        t.tuned_thresholds.note(space, "mine", "dog", 0.5)
        t.tuned_thresholds.note(space, "mine", "dog", 0.25)
        assert t.tuned_thresholds.of("mine") == {"dog": {space: [0.25, 0.5]}}


def test_attempts_count_up_and_are_forgotten(catalog):
    with catalog.write() as t:
        for _ in range(2):
            t.attempts.note(bytes(32), "too slow")
        attempts = t.attempts.of(bytes(32))
        assert (attempts.count, attempts.reason) == (2, "too slow")
        assert datetime.now(UTC).replace(tzinfo=None) - attempts.last_at < timedelta(minutes=5)
        assert t.files.forget_problems() == 0
        assert t.attempts.of(bytes(32)) is None


def test_a_picture_of_many_pixels_is_found_by_their_number(photographer):
    with photographer.catalog.write() as t:
        photo_id = t.photos.add(bytes(32), 1 << 40, Facts(300_000, 200_000, "TIFF", iso=1 << 33))
        t.files.indexed(photographer.folder.id, b"large", stamp(), photo_id)
        assert t.selection.matching([Measured(Measure.PIXELS, 5e10)]).tolist() == [photo_id]
        assert t.selection.matching([Measured(Measure.ISO, 1 << 33)]).tolist() == [photo_id]
        assert t.files.counts() == {Outcome.INDEXED: 1}
