"""Copies of catalogs: every row, from every database to every other, and what may go wrong meanwhile."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select, text

from store import Catalog, CatalogBusy, DiskFailed, DiskFull, Facts
from store.copying.copy import CopyProgress, copy_catalog, count_rows
from store.copying.places import open_source, open_target
from store.errors import (
    CatalogDamaged,
    CatalogNotEmpty,
    CatalogUnreachable,
    CopyDiffers,
    CopyRunning,
    ForeignDatabase,
    NoCatalog,
    NotACatalog,
    RowRefused,
    UnfinishedCopy,
)
from store.sql import schema
from store.sql.plain_rows import read_plain_rows
from store.sql.sqlite import SQLiteDatabase
from store.sql.unfinished_copy import mark_unfinished
from store.sql.upgrade import upgrade, upgrade_server
from tests.store.conftest import Photographer, put_many, unit
from tests.store.sql.test_upgrade import revisions_up_to

from .every_table import TABLES, as_on_a_server, fill, open_copy, rows_of

#: What people call the source and the target.
NAMES = ("/from", "/to")


def quiet(*_numbers):
    """Take the progress of a copy."""


QUIET = CopyProgress(quiet, quiet)


class Interrupted(BaseException):
    """Raised in place of a signal."""


def interrupt():
    """Raise what a signal raises."""
    raise Interrupted


def after(calls, do=interrupt):
    """Return the progress that does something when it was told of so many pages."""

    def count(*_numbers):
        nonlocal calls
        calls -= 1
        if calls == 0:
            do()

    return count


def copy(source, place, progress=QUIET, names=NAMES, **how):
    with open_source(source) as catalog, contextlib.closing(open_target(place)) as target:
        return copy_catalog(catalog, target, names, progress, **how)


@pytest.fixture
def full(tmp_path):
    """The folder of a library with rows in every table."""
    folder = tmp_path / "full"
    with Catalog.open(folder / "catalog.sqlite3") as catalog:
        fill(catalog)
    return folder


def new_place(request, kind, folder):
    """Return what yields a place for a copy: a folder that does not exist, or a database with an empty catalog."""
    if kind == "sqlite":
        return contextlib.nullcontext(folder / "copy")
    running = request.getfixturevalue("server")
    return running.database(running.template)


@pytest.fixture(params=["sqlite", "postgres"])
def place(request, tmp_path):
    with new_place(request, request.param, tmp_path) as made:
        yield made


@pytest.fixture
def other_place(request, database, tmp_path):
    """A place of the kind that the catalog is not."""
    with new_place(request, "postgres" if isinstance(database, Path) else "sqlite", tmp_path) as made:
        yield made


@pytest.fixture
def address(server):
    """An empty database."""
    with server.database() as made:
        yield made


def test_every_row_of_every_table_goes_to_a_server_and_back(full, address, server, tmp_path):
    before = (full / "catalog.sqlite3").read_bytes()
    counted = copy(full, address)
    assert counted.rows == 2 * len(TABLES) - 1
    assert (counted.photos, counted.rows_before, counted.damaged) == (2, 0, ())
    copy(address, tmp_path / "back")
    with server.database() as other:
        copy(address, other)
        copy(tmp_path / "back", tmp_path / "again")
        places = [address, tmp_path / "back", other, tmp_path / "again"]
        with Catalog.open(full / "catalog.sqlite3") as catalog:
            expected = as_on_a_server(rows_of(catalog))
            assert all(expected.values()), "a table without rows"
        for each in places:
            with open_copy(each) as catalog:
                assert rows_of(catalog) == expected, each
                with catalog.write() as t:
                    assert t.photo_texts.is_index_whole()
    assert (full / "catalog.sqlite3").read_bytes() == before
    assert sorted(path.name for path in (tmp_path / "back").iterdir()) == ["catalog.sqlite3"]


def test_between_files_every_value_stays_as_it_is(full, tmp_path):
    copy(full, tmp_path / "copy")
    with Catalog.open(full / "catalog.sqlite3") as one, open_copy(tmp_path / "copy") as other:
        assert rows_of(one) == rows_of(other)


def test_ids_are_not_used_again_in_the_copy(photographer, other_place):
    newest = photographer.put(b"a", 1), photographer.put(b"b", 2)
    photographer.remove(b"b")
    with photographer.catalog.write() as t:
        t.photos.delete([newest[1]])
    with contextlib.closing(open_target(other_place)) as target:
        copy_catalog(photographer.catalog, target, NAMES, QUIET)
    with open_copy(other_place) as catalog, catalog.write() as t:
        assert t.photos.add(bytes(32), 1, Facts(1, 1, "PNG")) == newest[1] + 1
        assert t.folders.add(b"/other").id == photographer.folder.id + 1


def test_a_role_that_may_only_read_copies_from_a_server(server, tmp_path):
    role = f"photos_copier_{os.getpid()}"
    with server.database(server.template) as address:
        with Catalog.open(address) as catalog:
            photo_id = Photographer(catalog).put(b"a", 1)
        database = address.partition("?")[0].rpartition("/")[2]
        server.run(f"CREATE ROLE {role} LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}", database)
        try:
            copy(address.replace("postgres@", f"{role}@", 1), tmp_path / "copy")
        finally:
            server.run(f"DROP OWNED BY {role}; DROP ROLE {role}", database)
    with open_copy(tmp_path / "copy") as catalog, catalog.read() as t:
        assert t.photos.get([photo_id])[0].paths == (b"/photos/a",)


def test_a_copy_that_is_interrupted_goes_on(full, place):
    for progress in (
        CopyProgress(after(1), quiet),
        CopyProgress(after(9), quiet),
        CopyProgress(after(25), quiet),
        CopyProgress(quiet, after(1)),
    ):
        with pytest.raises(Interrupted):
            copy(full, place, progress)
        if isinstance(place, Path):
            assert not (place / "catalog.sqlite3").exists()
        else:
            with pytest.raises(UnfinishedCopy, match="photos catalog copy /from .*postgresql.* goes on"):
                Catalog.open(place)
    counted = copy(full, place)
    assert (counted.rows, counted.rows_before) == (2 * len(TABLES) - 1,) * 2
    with Catalog.open(full / "catalog.sqlite3") as one, open_copy(place) as other:
        assert as_on_a_server(rows_of(one)) == as_on_a_server(rows_of(other))


def test_a_copy_that_is_killed_goes_on(full, place):
    script = f"""
import os, signal
from pathlib import PosixPath
from tests.store.copying.test_copy import CopyProgress, copy, quiet
copy({full!r}, {place!r}, CopyProgress(lambda done, _: done > 40 and os.kill(os.getpid(), signal.SIGKILL), quiet))
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -signal.SIGKILL
    counted = copy(full, place)
    assert counted.rows_before > 40
    with Catalog.open(full / "catalog.sqlite3") as one, open_copy(place) as other:
        assert as_on_a_server(rows_of(one)) == as_on_a_server(rows_of(other))


def test_what_changed_in_the_source_meanwhile_is_in_the_copy(catalog, photographer, other_place):
    put_many(photographer, range(5))
    with catalog.write() as t:
        t.texts.put(photographer.space.id, {"dog": unit(1)})
    with contextlib.closing(open_target(other_place)) as target, pytest.raises(Interrupted):
        copy_catalog(catalog, target, NAMES, CopyProgress(quiet, after(1)))
    # Of tables that others refer to: a row that is changed, one that is new, and one that is gone.
    with catalog.write() as t:
        t.connection.execute(schema.photo.update().where(schema.photo.c.id == 2).values(camera="Canon"))
    photographer.put(b"new", 77)
    photographer.remove(b"3")
    with contextlib.closing(open_target(other_place)) as target:
        counted = copy_catalog(catalog, target, NAMES, QUIET)
    with open_copy(other_place) as other:
        assert rows_of(catalog) == rows_of(other)
        assert 0 < counted.rows_before < counted.rows == sum(count_rows(other).values())


def test_a_damaged_embedding_is_left_out_and_named(catalog, photographer, other_place):
    ids = [photographer.put(b"%d" % number, number) for number in range(3)]
    with catalog.write() as t:
        t.connection.execute(schema.embedding.update().where(schema.embedding.c.photo_id == ids[1]).values(checksum=1))
    with contextlib.closing(open_target(other_place)) as target:
        counted = copy_catalog(catalog, target, NAMES, QUIET)
    assert counted.damaged == ((ids[1], photographer.space.id),)
    with open_copy(other_place) as other, other.read() as t:
        assert t.embeddings.damaged(photographer.space.id) == []
        assert t.embeddings.ids(photographer.space.id).tolist() == [ids[0], ids[2]]
        newest = select(schema.embedding_change).order_by(schema.embedding_change.c.seq.desc()).limit(1)
        entry = t.connection.execute(newest).one()
        assert (entry.photo_id, entry.op) == (ids[1], "delete")


def test_a_library_at_the_target_is_left_alone(full, place):
    copy(full, place)
    with open_copy(place) as catalog:
        before = rows_of(catalog)
    for how in ({}, {"restart": True}):
        with pytest.raises(CatalogNotEmpty, match="holds a library already"):
            copy(full, place, **how)
    with open_copy(place) as catalog:
        assert rows_of(catalog) == before


def test_an_empty_catalog_at_the_target_is_filled(full, place):
    with open_copy(place) as opened:
        with opened.read() as t:
            assert t.folders.all() == []
        if isinstance(place, Path):
            # Its log would be taken for that of the new file.
            with pytest.raises(CatalogBusy):
                copy(full, place)
            opened.close()
            copy(full, place)
        else:
            with pytest.raises(Interrupted):
                copy(full, place, CopyProgress(quiet, after(1)))
            for begin in (opened.read, opened.write):
                with pytest.raises(UnfinishedCopy), begin():
                    pass
            copy(full, place)
            assert sum(count_rows(opened).values()) == 2 * len(TABLES) - 1
    with open_copy(place) as catalog:
        assert sum(count_rows(catalog).values()) == 2 * len(TABLES) - 1


def test_a_copy_of_another_source_is_begun_anew_only_if_asked(full, place):
    with pytest.raises(Interrupted):
        copy(full, place, CopyProgress(after(9), quiet))
    with pytest.raises(UnfinishedCopy, match="photos catalog copy /from /to"):
        copy(full, place, names=("/another", "/to"))
    counted = copy(full, place, names=("/another", "/to"), restart=True)
    assert counted.rows_before == 0


def test_one_process_at_a_time_copies_to_a_place(full, place):
    with (
        contextlib.closing(open_target(place)) as other,
        other.held(),
        pytest.raises(CopyRunning, match="wait until it is done"),
    ):
        copy(full, place)
    copy(full, place)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_an_unfinished_copy_of_an_earlier_version_is_begun_anew(full, kind, request, tmp_path):
    how = {"migrations": revisions_up_to("0024", tmp_path / "revisions"), "head": "0024"}
    if kind == "sqlite":
        place = tmp_path / "copy"
        opened = SQLiteDatabase.open(place / "catalog.sqlite3.unfinished", partial(upgrade, **how))
    else:
        from store.sql.postgres import PostgresDatabase

        place = request.getfixturevalue("address")
        opened = PostgresDatabase.open(place, partial(upgrade_server, **how))
    with contextlib.closing(opened), opened.begin(writes=True) as connection:
        connection.execute(text("INSERT INTO saved_search VALUES ('old', 'dog', '2020-01-01')"))
        mark_unfinished(connection, "/from", "0024")
    assert copy(full, place).rows_before == 0
    with Catalog.open(full / "catalog.sqlite3") as one, open_copy(place) as other:
        assert as_on_a_server(rows_of(one)) == as_on_a_server(rows_of(other))


def test_a_row_that_a_server_cannot_hold_is_named(full, address):
    with Catalog.open(full / "catalog.sqlite3") as catalog, catalog.write() as t:
        t.connection.execute(text("""UPDATE stated_facts SET facts = '{"aperture": Infinity}' WHERE photo_id = 2"""))
    with pytest.raises(RowRefused, match=r"the table stated_facts in .*full/catalog.sqlite3 .*json") as raised:
        copy(full, address)
    assert raised.value.table == "stated_facts"
    with Catalog.open(full / "catalog.sqlite3") as catalog, catalog.write() as t:
        t.connection.execute(text("UPDATE stated_facts SET facts = '{}' WHERE photo_id = 2"))
    assert copy(full, address).rows_before > 0


#: Values of other types than their columns', as a flipped bit leaves them.
OF_OTHER_TYPES = ("width = 'x'", "camera = x'00'", "taken_at = 'never'", "content_hash = 'x'", "latitude = 'x'")


def test_a_value_of_another_type_than_its_column_is_named(full, address, tmp_path):
    before = (full / "catalog.sqlite3").read_bytes()
    for value in OF_OTHER_TYPES:
        (full / "catalog.sqlite3").write_bytes(before)
        with contextlib.closing(sqlite3.connect(full / "catalog.sqlite3")) as damaged, damaged:
            damaged.execute(f"UPDATE photo SET {value} WHERE id = 2")
        for place in (address, tmp_path / value):
            # Between files every value stays as it is, but times, which are read.
            if place == address or "taken_at" in value:
                with pytest.raises(RowRefused, match=r"the table photo in .*full/catalog.sqlite3"):
                    copy(full, place)


def test_a_damaged_value_in_the_source_is_a_damaged_catalog(full, tmp_path):
    with Catalog.open(full / "catalog.sqlite3") as catalog, catalog.write() as t:
        t.connection.execute(text("UPDATE photo SET camera = CAST(x'ff' AS TEXT)"))
    with pytest.raises(CatalogDamaged, match="full/catalog.sqlite3"):
        copy(full, tmp_path / "copy")


def test_a_row_that_refers_to_nothing_is_named(full, place):
    with contextlib.closing(sqlite3.connect(full / "catalog.sqlite3")) as damaged, damaged:
        damaged.execute("UPDATE miniature SET photo_id = 99 WHERE photo_id = 2")
    with pytest.raises(RowRefused, match="the table miniature"):
        copy(full, place)


def test_a_full_disk_is_one_sentence_and_the_copy_goes_on(full, tmp_path, files_that_may_not_grow):
    with open_source(full) as catalog, contextlib.closing(open_target(tmp_path / "copy")) as target:
        with pytest.raises(Interrupted):
            copy_catalog(catalog, target, NAMES, CopyProgress(after(9), quiet))
        with files_that_may_not_grow(), pytest.raises((DiskFull, DiskFailed), match="run the command again"):
            copy_catalog(catalog, target, NAMES, QUIET)
    assert copy(full, tmp_path / "copy").rows_before > 0


def test_connections_that_end_lose_at_most_a_page(full, server, address):
    copy(full, address)
    with server.database(server.template) as place:
        source, target = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'".format(
                each.partition("?")[0].rpartition("/")[2]
            )
            for each in (address, place)
        )
        # What is read is of one moment, so that cannot go on by itself; what is written can.
        with pytest.raises(CatalogUnreachable, match="run the command again"):
            copy(address, place, CopyProgress(after(3, lambda: server.run(source)), quiet))
        counted = copy(address, place, CopyProgress(after(9, lambda: server.run(target)), quiet))
        assert 0 < counted.rows_before < counted.rows
        with Catalog.open(address) as one, Catalog.open(place) as other:
            assert rows_of(one) == rows_of(other)


def test_a_server_that_ends_what_takes_long_waits_for_a_copy(full, server, address, tmp_path):
    copy(full, address)
    name = address.partition("?")[0].rpartition("/")[2]
    for timeout in ("statement_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout"):
        server.run(f"ALTER DATABASE {name} SET {timeout} = '500ms'")
    compared = CopyProgress(quiet, lambda *_: time.sleep(1))
    copy(address, tmp_path / "copy", compared)
    with server.database() as other:
        database = other.partition("?")[0].rpartition("/")[2]
        server.run(f"ALTER DATABASE {database} SET idle_session_timeout = '500ms'")

        def check(*_numbers):
            time.sleep(1)
            with pytest.raises(CopyRunning), contextlib.closing(open_target(other)) as second, second.held():
                pass

        copy(tmp_path / "copy", other, CopyProgress(quiet, check))


def test_a_copy_that_is_not_as_it_was_written_is_not_put_to_use(full, place):
    def damage(*_numbers):
        with contextlib.closing(open_target(place)) as target:
            target.prepare("/from", restart=False)
            with target.begin() as connection:
                connection.execute(schema.saved_search.delete())

    def damage_at_the_end(done, total):
        if done == total:
            damage()

    with pytest.raises(CopyDiffers, match="the table saved_search"):
        copy(full, place, CopyProgress(damage_at_the_end, quiet))
    # The next run finds it, and copies that table anew.
    copy(full, place)
    with open_copy(place) as catalog:
        assert len(rows_of(catalog)["saved_search"]) == 2


def test_what_is_no_catalog_is_left_alone(full, server, address, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "catalog.sqlite3").write_bytes(b"something else, of any length")
    with pytest.raises(NotACatalog):
        copy(full, tmp_path / "other")
    for nothing in (tmp_path / "nowhere", address):
        with pytest.raises(NoCatalog, match="There is no catalog"):
            copy(nothing, tmp_path / "copy")
    assert not (tmp_path / "nowhere").exists()
    assert not (tmp_path / "copy").exists()
    server.run("CREATE TABLE songs (title text)", address.partition("?")[0].rpartition("/")[2])
    with pytest.raises(ForeignDatabase):
        copy(full, address)


def test_rows_are_read_by_ranges_of_keys(catalog, photographer):
    put_many(photographer, range(6))
    with catalog.read() as t:
        ids = [row[0] for row in read_plain_rows(t.connection, schema.photo)]
        some = [row[0] for row in read_plain_rows(t.connection, schema.photo, after=(ids[1],), until=(ids[4],))]
    assert some == ids[2:5]
