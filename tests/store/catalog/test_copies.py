"""Photos with several files, and photos of the same pixels."""

import numpy as np

from store import Facts, SpaceIdentity, Stamp

IDENTITY = SpaceIdentity("m", "w", "p", "float32", 4, 2.3, -4.0)


def add(t, name, folder, *paths, pixels=None):
    photo_id = t.photos.add(name.encode().ljust(32), 9, Facts(4, 3, "JPEG"))
    space = t.spaces.ensure(IDENTITY)
    t.embeddings.put(space.id, photo_id, np.eye(4, dtype=np.float32)[0], pixels)
    for path in paths:
        t.files.indexed(folder.id, path, Stamp(9, 2, 3, 4), photo_id)
    return photo_id


def test_photos_in_several_files_are_found_with_all_files(catalog):
    with catalog.write() as t:
        folder = t.folders.add(b"/photos")
        twice = add(t, "twice", folder, b"b.jpg", b"a/a.jpg")
        add(t, "once", folder, b"c.jpg")
    with catalog.read() as t:
        assert t.copies.in_several_files() == [twice]
        files = t.copies.files([twice])[twice]
        assert [file.path for file in files] == [b"/photos/a/a.jpg", b"/photos/b.jpg"]
        assert files[0].stamp == Stamp(9, 2, 3, 4)


def test_photos_of_equal_pixels_with_files_are_grouped(catalog):
    same, other = b"s" * 16, b"o" * 16
    with catalog.write() as t:
        folder = t.folders.add(b"/photos")
        one = add(t, "1", folder, b"1", pixels=same)
        two = add(t, "2", folder, b"2", pixels=same)
        add(t, "3", folder, b"3", pixels=other)
        add(t, "4", folder, b"4", pixels=other)
        add(t, "5", folder, b"5")
        space = t.spaces.ensure(IDENTITY)
        t.files.forget([t.files.at(folder.id, b"4").id])
    with catalog.read() as t:
        assert t.copies.of_same_pixels(space.id) == [[one, two]]


def test_photos_below_a_directory_exclude_its_neighbours(catalog):
    with catalog.write() as t:
        folder = t.folders.add(b"/photos")
        inside = add(t, "1", folder, b"a/x.jpg")
        deep = add(t, "2", folder, b"a/b/x.jpg")
        add(t, "3", folder, b"a.jpg")
        add(t, "4", folder, b"ab/x.jpg")
    with catalog.read() as t:
        assert t.copies.below([b"/photos/a"]) == t.copies.below([b"/photos/a/"]) == [inside, deep]
        assert len(t.copies.below([b"/photos"])) == len(t.copies.below([b"/"])) == 4
        assert t.copies.below([b"/phot"]) == t.copies.below([b"/elsewhere", b"/photosx"]) == []
