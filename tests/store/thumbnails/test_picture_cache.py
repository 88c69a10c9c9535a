"""The cache of small pictures: shared, deletable at any time, and made anew when it is damaged."""

from __future__ import annotations

import os
import random
import stat
import subprocess
import sys
import threading
from contextlib import closing

import pytest

from store import CachedPicture, CacheUnwritable, PictureCache
from store.private_files import CATALOG_FILE, tighten

SIDE, METHOD = 320, 1


def content(number):
    return number.to_bytes(8, "big") * 4


def picture(number, size=2000, method=METHOD, side=SIDE):
    return CachedPicture(content(number), side, method, random.Random(number).randbytes(size))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "thumbnails.sqlite"


@pytest.fixture
def cache(path):
    with closing(PictureCache(path)) as made:
        yield made


def got(cache, number):
    return cache.get(content(number), SIDE, METHOD)


def test_a_picture_is_found_by_its_content_and_by_its_start(cache):
    cache.put([picture(1), picture(2)])
    assert got(cache, 1) == picture(1).image
    assert cache.get(content(2)[:8], SIDE, METHOD) == picture(2).image
    assert got(cache, 3) is None
    assert cache.get(content(1), 1440, METHOD) is None


def test_asking_makes_no_file(cache, path):
    assert got(cache, 1) is None
    assert not cache.has(content(1), SIDE, METHOD)
    assert cache.lacking([content(1)], SIDE, METHOD) == [content(1)]
    assert cache.keep_only(set()) == 0
    assert cache.use().bytes == 0
    assert not path.exists()


def test_a_picture_of_another_method_is_absent_and_is_replaced(cache):
    cache.put([picture(1)])
    assert cache.get(content(1), SIDE, METHOD + 1) is None
    assert cache.lacking([content(1)], SIDE, METHOD + 1) == [content(1)]
    cache.put([picture(1, method=METHOD + 1)])
    assert cache.get(content(1), SIDE, METHOD + 1) is not None
    assert cache.use().pictures == 1


def test_the_file_is_its_owners_alone(cache, path):
    cache.put([picture(1)])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    (path.parent / CATALOG_FILE).touch(0o600)
    assert tighten(path.parent)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_file_can_be_deleted_while_it_is_in_use(cache, path):
    cache.put([picture(1)])
    path.unlink()
    assert got(cache, 1) is None
    cache.put([picture(2)])
    assert got(cache, 2) == picture(2).image
    path.unlink()
    cache.put([picture(3)])
    assert (got(cache, 2), got(cache, 3)) == (None, picture(3).image)


def test_a_file_that_takes_its_place_is_read(cache, path, tmp_path):
    cache.put([picture(1)])
    with closing(PictureCache(tmp_path / "other")) as other:
        other.put([picture(2)])
    (tmp_path / "other").replace(path)
    assert (got(cache, 1), got(cache, 2)) == (None, picture(2).image)


@pytest.mark.parametrize("damage", ["zeros", "text", "cut", "empty", "no table"])
@pytest.mark.parametrize("is_open", [True, False])
def test_a_damaged_file_is_made_anew(cache, path, damage, is_open):
    cache.put([picture(number) for number in range(50)])
    if not is_open:
        cache.close()
    whole = path.read_bytes()
    broken = {
        "zeros": bytes(len(whole)),
        "text": b"no database " * 1000,
        "cut": whole[: len(whole) // 2 + 100],
        "empty": b"",
        "no table": whole[:100] + bytes(4000) + whole[4100:],
    }[damage]
    with path.open("r+b") as file:
        file.write(broken)
        file.truncate(len(broken))
    for number in range(50):
        assert got(cache, number) in {None, picture(number).image}
    cache.put([picture(100)])
    assert got(cache, 100) == picture(100).image


def test_random_damage_gives_no_wrong_picture(cache, path):
    numbers = range(40)
    cache.put([picture(number) for number in numbers])
    cache.close()
    whole = path.read_bytes()
    chance = random.Random(1)
    lost = 0
    for _ in range(60):
        broken = bytearray(whole)
        for _ in range(8):
            broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
        path.write_bytes(broken)
        found = [got(cache, number) for number in numbers]
        assert all(image in {None, picture(number).image} for number, image in enumerate(found))
        lost += found.count(None)
        cache.put([picture(41)])
        assert got(cache, 41) == picture(41).image
        cache.close()
    assert lost


def test_another_version_of_the_table_is_made_anew(cache, path):
    import sqlite3

    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE picture (x)")
        other.execute("PRAGMA user_version = 99")
    assert got(cache, 1) is None
    cache.put([picture(1)])
    assert got(cache, 1) == picture(1).image


def test_a_link_to_another_disk_stays(tmp_path, path):
    path.symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").write_bytes(b"nothing" * 100)
    with closing(PictureCache(path)) as cache:
        cache.put([picture(1)])
    assert path.is_symlink()
    assert (tmp_path / "elsewhere").stat().st_size > 2000


@pytest.mark.parametrize("what", ["folder", "pipe"])
def test_a_place_that_holds_something_else_is_named(path, cache, what):
    path.mkdir() if what == "folder" else os.mkfifo(path)
    assert got(cache, 1) is None
    with pytest.raises(CacheUnwritable, match=str(path)):
        cache.put([picture(1)])
    assert path.is_dir() or path.is_fifo()


def test_a_full_disk_is_named_and_what_was_kept_stays(path):
    script = (
        "import resource, sys; from pathlib import Path; from store import *\n"
        "from tests.store.thumbnails.test_picture_cache import got, picture\n"
        "cache = PictureCache(Path(sys.argv[1])); cache.put([picture(1)])\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))\n"
        "try: cache.put([picture(number) for number in range(2, 60)])\n"
        "except CacheUnwritable as error: print(error)\n"
        "assert got(cache, 1) == picture(1).image and got(cache, 2) is None\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))\n"
    )
    ended = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert "thumbnails = false" in ended.stdout
    assert str(path) in ended.stdout


def test_the_pictures_unused_for_longest_make_room(path):
    most = 400_000
    with closing(PictureCache(path, most)) as cache:
        for number in range(150):
            cache.put([picture(number, 20_000)])
        assert path.stat().st_size < most * 1.3
        assert got(cache, 149) == picture(149, 20_000).image
        assert got(cache, 0) is None
        held = cache.use().pictures
    assert 5 < held < 20


def test_a_picture_that_was_looked_at_stays_longer(path):
    import sqlite3

    with closing(PictureCache(path, 400_000)) as cache:
        cache.put([picture(number, 20_000) for number in range(15)])
        cache.close()
        with closing(sqlite3.connect(path)) as other, other:
            other.execute("UPDATE picture SET used_at = rowid")
        assert got(cache, 0) is not None
        for number in range(20, 28):
            cache.put([picture(number, 20_000)])
        assert got(cache, 0) is not None
        assert got(cache, 1) is None


def test_pictures_of_gone_photos_are_dropped_and_overwritten(cache, path):
    cache.put([picture(number, 20_000) for number in range(20)])
    size = path.stat().st_size
    assert cache.keep_only({content(1), content(2)}) == 18
    assert got(cache, 1) is not None
    assert got(cache, 3) is None
    assert picture(3, 20_000).image[5000:5100] not in path.read_bytes()
    assert path.stat().st_size < size / 2


def test_threads_and_processes_share_a_cache(cache, path):
    script = (
        "import sys; from pathlib import Path; from store import *\n"
        "from tests.store.thumbnails.test_picture_cache import got, picture\n"
        "cache, first = PictureCache(Path(sys.argv[1])), int(sys.argv[2])\n"
        "for number in range(first, first + 60): cache.put([picture(number)])\n"
        "assert all(got(cache, number) == picture(number).image for number in range(first, first + 60))\n"
    )
    others = [subprocess.Popen([sys.executable, "-c", script, path, str(first)]) for first in (1000, 2000)]
    wrong = []

    def use(first):
        for number in range(first, first + 60):
            cache.put([picture(number)])
            if got(cache, number) != picture(number).image:
                wrong.append(number)

    threads = [threading.Thread(target=use, args=(first,)) for first in (0, 100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [other.wait() for other in others] == [0, 0]
    assert not wrong
    assert cache.use().pictures == 240
    assert not list(path.parent.glob("*-journal"))
