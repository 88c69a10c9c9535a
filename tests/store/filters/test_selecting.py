"""Photos by criteria: the same as testing each photo."""

from __future__ import annotations

import fnmatch
import itertools
import math
import random
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from store import Catalog, Facts
from store.filters.criteria import (
    Along,
    AnyOf,
    Below,
    Duplicated,
    Fact,
    HasFact,
    Measure,
    Measured,
    Named,
    Nearby,
    Not,
    OfFormat,
    OfShape,
    Part,
    Recurring,
    Shape,
    Taken,
    Worded,
    Wording,
)
from store.filters.selection import around, distances
from store.sql import schema
from tests.conftest import new_database
from tests.store.conftest import stamp

DAY = datetime.fromisoformat("2020-06-15T12:30")
NEVER = datetime.fromisoformat("0001-01-01")
PATHS = [
    b"2019/Italy/a.JPG", b"2019/Italy/Rome/b.png", b"2019/italy 2/c.jpg", b"2020/Italy/d.jpg", b"2020/100%_x/e.jpg",
    "2020/Übung/f.jpg".encode(), "2020/U\u0308bung/g.jpg".encode(), b"\xff/h.jpg", b"i.jpg", b"2019.jpg", b"K/k.png",
]  # fmt: skip


def _numbered(path, number):
    directory, slash, name = path.rpartition(b"/")
    return directory + slash + b"%d " % number + name


class Shelf:
    """Photos of random facts in two folders, and the known facts of each."""

    def __init__(self, catalog, seed):
        self.catalog = catalog
        self.facts, self.paths, self.sizes = {}, {}, {}
        picked = random.Random(seed)
        with catalog.write() as t:
            folders = [(t.folders.add(path), path) for path in (b"/home/me/Pictures", b"/disk/2019")]
            for number in range(60):
                facts = self._facts(picked)
                size = picked.randrange(100, 10_000)
                photo_id = t.photos.add(number.to_bytes(32, "big"), size, facts)
                places = picked.sample(list(itertools.product(folders, PATHS)), picked.choice([1, 1, 2]))
                held = [(folder, _numbered(name, number)) for folder, name in places]
                for (folder, _), name in held:
                    t.files.indexed(folder.id, name, stamp(number), photo_id)
                self.facts[photo_id], self.sizes[photo_id] = facts, size
                self.paths[photo_id] = [path + b"/" + name for (_, path), name in held]
            gone = t.photos.add(bytes(31) + b"\xff", 1, Facts(1, 1, "JPEG"))
            t.files.indexed(folders[0][0].id, b"gone", stamp(), gone)
            t.files.forget([t.files.at(folders[0][0].id, b"gone").id])

    def _facts(self, picked):
        def maybe(value):
            return value if picked.random() < 0.7 else None

        place = maybe((picked.uniform(-90, 90), picked.choice([picked.uniform(-180, 180), -179.99, 179.99])))
        return Facts(
            *picked.choice([(40, 30), (30, 40), (30, 30), (90, 30)]),
            picked.choice(["JPEG", "RAW"]),
            taken_at=maybe(DAY + timedelta(hours=picked.randrange(-9000, 9000))),
            camera=maybe(picked.choice(["NIKON D3", "Canon EOS 5", "Größe 1"])),
            lens=maybe(picked.choice(["EF 50mm", "EF [85]mm"])),
            aperture=maybe(picked.choice([1.8, 2.8, 2.81])),
            exposure=maybe(picked.choice([1 / 60, 0.0167, 1 / 250])),
            iso=maybe(picked.choice([100, 200, 400])),
            latitude=place and place[0],
            longitude=place and place[1],
            rating=maybe(picked.choice([-1, 0, 3, 5])),
            caption=maybe(picked.choice(["A Birthday", "ÉTÉ à la mer"])),
            keywords=tuple(picked.sample(["Dog", "our cat", "été"], picked.randrange(3))),
        )

    def found(self, *criteria):
        with self.catalog.read() as t:
            ids = t.selection.matching(criteria)
            assert ids.dtype == np.int64
            assert (np.diff(ids) > 0).all()
            return set(ids.tolist())

    def expected(self, is_so):
        return {key for key, facts in self.facts.items() if is_so(facts, self.paths[key], self.sizes[key])}


@pytest.fixture(scope="module", params=[("sqlite", 0), ("sqlite", 1), ("postgres", 1)])
def shelf(tmp_path_factory, request):
    kind, seed = request.param
    folder = tmp_path_factory.mktemp("shelf")
    with new_database(request, kind, folder) as place, Catalog.open(place) as catalog:
        yield Shelf(catalog, seed)


def directories(path):
    return path.decode("utf-8", "surrogateescape").split("/")[1:-1]


def runs(path, *names):
    parts = [part.lower() for part in directories(path)]
    return any(
        all(fnmatch.fnmatchcase(part, name) for part, name in zip(parts[at:], names, strict=False))
        for at in range(len(parts) - len(names) + 1)
    )


def minute(facts):
    return None if facts.taken_at is None else facts.taken_at.hour * 60 + facts.taken_at.minute


def base(path):
    return path.rpartition(b"/")[2].decode("utf-8", "surrogateescape").lower()


CASES = {
    "iso": (Measured(Measure.ISO, 200, None), lambda f, p, s: (f.iso or 0) >= 200),
    "iso above": (Measured(Measure.ISO, 200, None, takes_low=False), lambda f, p, s: (f.iso or 0) > 200),
    "size": (Measured(Measure.SIZE, None, 5000, takes_high=False), lambda f, p, s: s < 5000),
    "pixels": (Measured(Measure.PIXELS, 1000, 1200), lambda f, p, s: f.width * f.height == 1200),
    "rounded": (Measured(Measure.EXPOSURE, 1 / 60, 1 / 60), lambda f, p, s: (f.exposure or 0) > 0.016),
    "rounded too": (Measured(Measure.APERTURE, None, 2.8), lambda f, p, s: f.aperture is not None),
    "unrated": (Measured(Measure.RATING, 0, 0), lambda f, p, s: not f.rating),
    "rated": (Measured(Measure.RATING, 3, None), lambda f, p, s: (f.rating or 0) >= 3),
    "since": (Taken(DAY, None), lambda f, p, s: f.taken_at is not None and f.taken_at >= DAY),
    "until": (Taken(None, DAY), lambda f, p, s: f.taken_at is not None and f.taken_at < DAY),
    "winter": (Recurring(Part.MONTH, 11, 2), lambda f, p, s: f.taken_at and f.taken_at.month in {11, 12, 1, 2}),
    "june": (Recurring(Part.MONTH, 6, 6), lambda f, p, s: f.taken_at and f.taken_at.month == 6),
    "weekend": (Recurring(Part.WEEKDAY, 6, 7), lambda f, p, s: f.taken_at and f.taken_at.isoweekday() > 5),
    "around sunday": (Recurring(Part.WEEKDAY, 7, 1), lambda f, p, s: f.taken_at and f.taken_at.isoweekday() in {7, 1}),
    "first days": (Recurring(Part.DAY, 1, 7), lambda f, p, s: f.taken_at and f.taken_at.day <= 7),
    "evening": (Recurring(Part.MINUTE, 1020, 1259), lambda f, p, s: f.taken_at and 1020 <= minute(f) <= 1259),
    "night": (Recurring(Part.MINUTE, 1260, 299), lambda f, p, s: f.taken_at and not 299 < minute(f) < 1260),
    "camera": (Worded(Wording.CAMERA, "nikon"), lambda f, p, s: "NIKON" in (f.camera or "")),
    "camera beyond ASCII": (Worded(Wording.CAMERA, "grösse"), lambda f, p, s: "Größe" in (f.camera or "")),
    "camera wild": (Worded(Wording.CAMERA, "c*5"), lambda f, p, s: f.camera == "Canon EOS 5"),
    "lens": (Worded(Wording.LENS, "*[85]*"), lambda f, p, s: "[85]" in (f.lens or "")),
    "caption": (Worded(Wording.CAPTION, "été"), lambda f, p, s: "ÉTÉ" in (f.caption or "")),
    "caption's words": (Worded(Wording.CAPTION, "à la Mer!"), lambda f, p, s: "ÉTÉ" in (f.caption or "")),
    "a part of a caption's word": (Worded(Wording.CAPTION, "birth"), lambda f, p, s: False),
    "whole caption": (Worded(Wording.CAPTION, "?té*MER"), lambda f, p, s: "ÉTÉ" in (f.caption or "")),
    "a caption's signs": (Worded(Wording.CAPTION, " "), lambda f, p, s: f.caption is not None),
    "text": (Worded(Wording.TEXT, "birthday"), lambda f, p, s: False),
    "has a caption": (HasFact(Fact.CAPTION), lambda f, p, s: f.caption is not None),
    "has no description": (Not(HasFact(Fact.DESCRIPTION)), lambda f, p, s: True),
    "has text": (HasFact(Fact.TEXT), lambda f, p, s: False),
    "keyword": (Worded(Wording.KEYWORD, "dog"), lambda f, p, s: "Dog" in f.keywords),
    "keyword whole": (Worded(Wording.KEYWORD, "cat"), lambda f, p, s: False),
    "keyword wild": (Worded(Wording.KEYWORD, "*cat"), lambda f, p, s: "our cat" in f.keywords),
    "format": (OfFormat("RAW"), lambda f, p, s: f.format == "RAW"),
    "portrait": (OfShape(Shape.PORTRAIT), lambda f, p, s: f.height > f.width),
    "landscape": (OfShape(Shape.LANDSCAPE), lambda f, p, s: f.height < f.width),
    "square": (OfShape(Shape.SQUARE), lambda f, p, s: f.height == f.width),
    "panorama": (OfShape(Shape.PANORAMA), lambda f, p, s: f.width == 90),
    "gps": (HasFact(Fact.GPS), lambda f, p, s: f.latitude is not None),
    "has rating": (HasFact(Fact.RATING), lambda f, p, s: f.rating not in {None, 0}),
    "has keywords": (HasFact(Fact.KEYWORDS), lambda f, p, s: f.keywords != ()),
    "duplicate": (Duplicated(), lambda f, p, s: len(p) > 1),
    "below": (Below(b"/home/me/Pictures/2019/Italy"), lambda f, p, s: any(b"Pictures/2019/Italy/" in x for x in p)),
    "below all": (Below(b"/home/me/"), lambda f, p, s: any(x.startswith(b"/home") for x in p)),
    "below a folder": (Below(b"/disk/2019"), lambda f, p, s: any(x.startswith(b"/disk") for x in p)),
    "below none": (Below(b"/disk/201"), lambda f, p, s: False),
    "along": (Along(("italy",)), lambda f, p, s: any(runs(x, "italy") for x in p)),
    "along two": (Along(("2019", "Italy")), lambda f, p, s: any(runs(x, "2019", "italy") for x in p)),
    "along the folder": (Along(("me",)), lambda f, p, s: any(b"/me/" in x for x in p)),
    "along wild": (Along(("20*", "rom?")), lambda f, p, s: any(runs(x, "20*", "rom?") for x in p)),
    "along wild two": (Along(("*", "rome")), lambda f, p, s: any(runs(x, "*", "rome") for x in p)),
    "along wild three": (Along(("*o?e*",)), lambda f, p, s: any(runs(x, "*o?e*") for x in p)),
    "along wild four": (Along(("**t*l*",)), lambda f, p, s: any(runs(x, "*t*l*") for x in p)),
    "along stars": (Along(("*a" * 500 + "*",)), lambda f, p, s: False),
    "name long": (Named("a" * 100_000), lambda f, p, s: False),
    "name stars": (Named("*a" * 50_000), lambda f, p, s: False),
    "along plain": (Along(("100%_x",)), lambda f, p, s: any(b"100%_x/" in x for x in p)),
    "along accents": (Along(("übung",)), lambda f, p, s: any(b"bung" in x for x in p)),
    "along bytes": (Along(("\udcff",)), lambda f, p, s: any(b"\xff" in x for x in p)),
    "name": (Named("*.PNG"), lambda f, p, s: any(base(x).endswith(".png") for x in p)),
    "name part": (Named("2019"), lambda f, p, s: any("2019" in base(x) for x in p)),
    "name folded": (Named("\u212a.png"), lambda f, p, s: any("k.png" in base(x) for x in p)),
    "any": (AnyOf((OfFormat("RAW"), Named("k.png"))), lambda f, p, s: f.format == "RAW" or any(b"K/" in x for x in p)),
    "none": (AnyOf(()), lambda f, p, s: False),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_criterion_and_its_negation_divide_all_photos(shelf, name):
    criterion, is_so = CASES[name]
    assert shelf.found(criterion) == shelf.expected(is_so)
    assert shelf.found(Not(criterion)) == shelf.expected(lambda *of: not is_so(*of))


def test_criteria_combine_and_none_selects_every_photo(shelf):
    assert shelf.found() == set(shelf.facts)
    with shelf.catalog.read() as t:
        ids = np.arange(1, 2 * max(shelf.facts), 2)
        known = set(ids.tolist()) & {*t.photos.gone(), *shelf.facts}
        there = t.selection.with_file(np.array(sorted(known), np.int64))
    assert set(there.tolist()) == known & set(shelf.facts) < known
    pairs = itertools.combinations(CASES.values(), 2)
    for (one, is_one), (other, is_other) in random.Random(1).sample(list(pairs), 60):
        assert shelf.found(one, other) == shelf.expected(lambda *of, a=is_one, b=is_other: a(*of) and b(*of))


def test_newest_photos_come_first_and_undated_ones_last(shelf):
    with shelf.catalog.read() as t:
        ids = t.selection.all()
        dated = sorted(shelf.facts, key=lambda key: (shelf.facts[key].taken_at or NEVER, key), reverse=True)
        assert t.selection.newest_first(ids, 100) == dated
        assert t.selection.newest_first(ids, 7, 5) == dated[5:12]
        assert t.selection.newest_first(ids[::3], 100) == [key for key in dated if key in ids[::3]]
        assert t.selection.newest_first(ids[:0], 3) == []
        few = t.selection.newest_first(ids[::2], 9, 2)
        assert t.selection._newest_of_many(select(schema.photo.c.id, schema.photo.c.taken_at), ids[::2], 9, 2) == few


PLACES = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


@given(PLACES, PLACES, st.floats(0, 25_000_000))
def test_a_box_contains_its_whole_circle(centre, place, metres):
    (apart,) = distances(*centre, np.array([place[0]]), np.array([place[1]]))
    south, north, ways = around(*centre, metres)
    if apart <= metres:
        assert south <= place[0] <= north
        assert any(west <= place[1] <= east for west, east in ways)


@given(PLACES, st.floats(0, 360), st.floats(0, 10_000_000))
def test_distances_agree_with_steps_of_known_length(centre, bearing, metres):
    latitude, longitude, angle = *map(math.radians, centre), metres / 6_371_008.8
    to_north = math.asin(
        math.sin(latitude) * math.cos(angle) + math.cos(latitude) * math.sin(angle) * math.cos(math.radians(bearing))
    )
    turned = math.atan2(
        math.sin(math.radians(bearing)) * math.sin(angle) * math.cos(latitude),
        math.cos(angle) - math.sin(latitude) * math.sin(to_north),
    )
    east = (math.degrees(longitude + turned) + 540) % 360 - 180
    (apart,) = distances(*centre, np.array([math.degrees(to_north)]), np.array([east]))
    assert apart == pytest.approx(metres, abs=0.5)
    south, north, ways = around(*centre, metres)
    assert south - 1e-6 <= math.degrees(to_north) <= north + 1e-6
    assert any(west - 1e-6 <= east <= east_end + 1e-6 for west, east_end in ways)


def test_nearby_photos_are_found_at_the_date_line_and_poles(shelf):
    for latitude, longitude, metres in [(0, 180, 3e6), (10, -179.995, 5e3), (90, 0, 2e6), (-89, 50, 4e6), (50, 8, 2e7)]:

        def near(facts, paths, size, at=(latitude, longitude), most=metres):
            if facts.latitude is None:
                return False
            return distances(*at, np.array([facts.latitude]), np.array([facts.longitude]))[0] <= most

        criterion = Nearby(latitude, longitude, metres)
        assert shelf.found(criterion) == shelf.expected(near)
        assert shelf.found(Not(criterion)) == shelf.expected(lambda *of: not near(*of))
