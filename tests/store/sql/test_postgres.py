"""A catalog on PostgreSQL: opening it, its errors, and what it does in its own way."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import zlib

import numpy as np
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import select

from store import (
    BadCatalogAddress,
    BadVector,
    Catalog,
    CatalogBusy,
    CatalogMoved,
    CatalogTooNew,
    CatalogTooOld,
    CatalogUnreachable,
    CatalogUpgraded,
    DatabaseForbidden,
    DatabaseNotUnicode,
    DatabaseReadOnly,
    Facts,
    ForeignDatabase,
    NotACatalog,
    PgvectorMissing,
    PgvectorTooOld,
    PostgresNotInstalled,
    Vectors,
)
from store.embeddings.embeddings import changes_since
from store.sql import schema as tables
from store.sql.dialect import vector_rows
from store.sql.schema import metadata
from store.sql.upgrade import HEAD, upgrade_server
from store.sql.word_index import is_no_index
from tests.store.conftest import Photographer, unit
from tests.store.sql.test_upgrade import NEXT, catalog_of_0014, revisions_up_to, write_revisions


@pytest.fixture
def empty(server):
    with server.database() as address:
        yield address


@pytest.fixture
def address(server):
    with server.database(server.template) as made:
        yield made


def database_of(address):
    return address.rpartition("/")[2] if "?" not in address else address.partition("?")[0].rpartition("/")[2]


@pytest.fixture
def run(server, address):
    """Run a statement in the database, past the program."""
    return lambda statement: server.run(statement, database_of(address))


def test_models_equal_migrations(address):
    with Catalog.open(address) as catalog, catalog.read() as t:
        context = MigrationContext.configure(t.connection, opts={"include_name": is_no_index})
        assert compare_metadata(context, metadata) == []


def test_every_text_is_compared_by_its_code_points(run):
    other = run(
        "SELECT attrelid::regclass, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid"
        " WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND attcollation <> 0"
        " AND relname <> 'alembic_version' AND attcollation <> '\"C\"'::regcollation"
    )
    assert other == []


def test_vectors_can_be_indexed_and_every_number_has_64_bits(run):
    kinds = dict(
        run(
            "SELECT typname, count(*) FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid"
            " JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace"
            " AND relkind = 'r' AND attnum > 0 GROUP BY typname"
        )
    )
    assert kinds["halfvec"] >= 1
    assert not {"int2", "int4", "float4"} & kinds.keys()


def test_several_processes_may_make_the_tables_at_once(server, empty):
    script = f"from store import Catalog; Catalog.open({empty!r}).close()"
    running = [subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE) for _ in range(3)]
    assert [process.communicate()[1] for process in running] == [b""] * 3
    assert server.run("SELECT version_num FROM alembic_version", database_of(empty)) == [(HEAD,)]


def upgraded(address, folder, head):
    from store.sql.postgres import connect, name_of

    engine = connect(address)
    try:
        upgrade_server(engine, name_of(address), migrations=folder, head=head)
    finally:
        engine.dispose()


def test_a_failed_step_changes_nothing(address, run, tmp_path):
    folder = write_revisions(
        tmp_path / "migrations",
        "def upgrade():\n    op.execute('CREATE TABLE extra (x int)')\n    raise RuntimeError\n",
    )
    with pytest.raises(RuntimeError):
        upgraded(address, folder, NEXT)
    assert run("SELECT to_regclass('extra')::text, version_num FROM alembic_version") == [(None, HEAD)]
    Catalog.open(address).close()


def test_a_program_that_has_the_catalog_open_notices_an_upgrade(address, tmp_path):
    folder = write_revisions(tmp_path / "migrations", "def upgrade():\n    op.execute('CREATE TABLE extra (x int)')\n")
    with Catalog.open(address) as catalog:
        with catalog.read() as t:
            t.folders.all()
            # The upgrade waits for this transaction.
            upgrade = threading.Thread(target=upgraded, args=(address, folder, NEXT))
            upgrade.start()
            upgrade.join(0.5)
            assert upgrade.is_alive()
            assert t.folders.all() == []
        upgrade.join()
        for begin in (catalog.read, catalog.write):
            with pytest.raises(CatalogUpgraded, match=NEXT), begin():
                pass


@pytest.mark.parametrize(("number", "error"), [("9999", CatalogTooNew), ("0013", CatalogTooOld)])
def test_a_catalog_of_another_time_is_left_alone(address, run, number, error):
    run(f"UPDATE alembic_version SET version_num = '{number}'")
    with pytest.raises(error):
        Catalog.open(address)
    assert run("SELECT version_num FROM alembic_version") == [(number,)]


def test_another_programs_database_is_left_alone(server, empty):
    server.run("CREATE TABLE songs (title text)", database_of(empty))
    with pytest.raises(ForeignDatabase, match="belongs to another program") as raised:
        Catalog.open(empty)
    assert isinstance(raised.value, NotACatalog)
    assert server.run(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace", database_of(empty)
    ) == [("songs",)]


def test_a_database_that_is_not_in_unicode_is_refused(server):
    name = f"photos_latin_{os.getpid()}"
    server.run(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    try:
        with pytest.raises(DatabaseNotUnicode, match="LATIN1"):
            Catalog.open(server.address(name))
    finally:
        server.run(f"DROP DATABASE {name}")


@pytest.mark.parametrize("version", ["0.5.1", "0.8.3"])
def test_an_old_pgvector_is_refused_with_the_reason(address, run, version):
    run(f"UPDATE pg_extension SET extversion = '{version}' WHERE extname = 'vector'")
    with pytest.raises(PgvectorTooOld, match=f"pgvector {version}, which may damage its indexes"):
        Catalog.open(address)


@pytest.mark.parametrize("version", ["0.8.4", "0.8.10", "0.9.0", "1.0"])
def test_a_newer_pgvector_is_used(address, run, version):
    run(f"UPDATE pg_extension SET extversion = '{version}' WHERE extname = 'vector'")
    Catalog.open(address).close()


@pytest.fixture
def role(server):
    """A role without rights, and the function that gives its address of a database."""
    name = f"photos_role_{os.getpid()}"
    server.run(f"CREATE ROLE {name} LOGIN")
    yield name
    server.run(f"DROP ROLE {name}")


def as_role(address, role):
    return address.replace("postgres@", f"{role}@", 1)


def test_a_role_that_may_not_make_pgvector_is_told_who_may(server, empty, role):
    server.run(f"GRANT CREATE ON SCHEMA public TO {role}", database_of(empty))
    try:
        with pytest.raises(PgvectorMissing, match="CREATE EXTENSION vector"):
            Catalog.open(as_role(empty, role))
    finally:
        server.run(f"DROP OWNED BY {role}", database_of(empty))


def test_a_role_that_may_only_read_reads(address, run, role):
    with Catalog.open(address) as catalog:
        photo_id = Photographer(catalog).put(b"a", 1)
    run(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    try:
        with Catalog.open(as_role(address, role)) as catalog:
            with catalog.read() as t:
                assert t.photos.get([photo_id])[0].paths == (b"/photos/a",)
            with pytest.raises(DatabaseReadOnly, match="permission denied"), catalog.write() as t:
                t.folders.add(b"/b")
    finally:
        run(f"DROP OWNED BY {role}")


def test_a_role_that_may_not_read_is_told_so(address, run, role):
    with pytest.raises(DatabaseForbidden, match="permission denied for table"):
        Catalog.open(as_role(address, role))
    run("REVOKE USAGE ON SCHEMA public FROM PUBLIC")
    # Its tables are there, and not to be seen: the database is not empty.
    with pytest.raises(DatabaseForbidden, match="no schema of"):
        Catalog.open_if_any(as_role(address, role))


def test_a_server_that_may_only_read_is_no_failure(address, run):
    run(f'ALTER DATABASE "{database_of(address)}" SET default_transaction_read_only = on')
    with Catalog.open(address) as catalog:
        with catalog.read() as t:
            assert t.folders.all() == []
        with pytest.raises(DatabaseReadOnly, match="read-only"), catalog.write() as t:
            t.folders.add(b"/b")


SECRET = "s3cret"


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://someone:{SECRET}@127.0.0.1:1/photos",
        f"postgresql+psycopg://someone@127.0.0.1:1/photos?password={SECRET}",
        f"postgres://someone:{SECRET}@/photos?host=/nowhere",
    ],
)
def test_an_address_without_a_server_is_one_sentence_without_the_password(server, address):
    with pytest.raises(CatalogUnreachable, match="check the address") as raised:
        Catalog.open(address)
    assert "postgresql://someone@" in str(raised.value)
    assert SECRET not in str(raised.value)
    assert SECRET not in repr(raised.value.fields)


def test_a_database_that_does_not_exist_is_named(server):
    with pytest.raises(CatalogUnreachable, match="does not exist"):
        Catalog.open(server.address("nowhere"))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "photos",
        f"mysql://someone:{SECRET}@host/photos",
        f"postgresql://a:{SECRET}@host:port/x",
        "postgresql://host",
        f"postgresql+asyncpg://a:{SECRET}@host/photos",
    ],
)
def test_what_is_no_address_is_not_repeated(server, address):
    with pytest.raises(BadCatalogAddress, match="postgresql://user@host/database") as raised:
        Catalog.open(address)
    assert SECRET not in str(raised.value)


def test_without_the_packages_one_sentence_says_how_to_get_them():
    script = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from store import Catalog, PostgresNotInstalled\n"
        "try:\n    Catalog.open('postgresql://someone@host/photos')\n"
        "except PostgresNotInstalled as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "pip install 'photos[postgres]'" in done.stdout
    assert PostgresNotInstalled.code == "postgres_not_installed"


def kill(server, address):
    server.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database_of(address)}'")


def test_a_killed_connection_loses_only_its_transaction(server, address):
    with Catalog.open(address) as catalog:
        with catalog.write() as t:
            t.folders.add(b"/kept")
        with pytest.raises(CatalogUnreachable, match="nothing that was finished is lost"), catalog.write() as t:
            t.folders.add(b"/lost")
            kill(server, address)
            t.folders.add(b"/lost too")
        with catalog.read() as t:
            assert [folder.path for folder in t.folders.all()] == [b"/kept"]
        # One that was killed while nobody used it is made anew.
        kill(server, address)
        with catalog.write() as t:
            t.folders.add(b"/after")


@pytest.mark.parametrize("limit", ["idle_in_transaction_session_timeout", "transaction_timeout"])
def test_a_transaction_that_the_server_ended_is_one_sentence(address, limit):
    limited = f"{address}{'&' if '?' in address else '?'}options=-c{limit}%3D50"
    with (
        Catalog.open(limited) as catalog,
        pytest.raises(CatalogUnreachable, match="terminating connection due to"),
        catalog.read() as t,
    ):
        time.sleep(0.2)
        t.folders.all()


def test_another_connection_knows_all_hosts_of_the_address(address):
    from psycopg.conninfo import conninfo_to_dict

    from store.sql.postgres import address_of

    host = address.partition("host=")[2] or "127.0.0.1"
    several = f"{address}{'&' if '?' in address else '?'}host=/nowhere,{host}"
    with Catalog.open(several) as catalog, catalog.read() as t:
        assert conninfo_to_dict(address_of(t.connection, "another"))["host"] == f"/nowhere,{host}"


def test_the_server_watches_over_a_connection_that_holds_a_lock(address):
    from store.sql.postgres import own_connection

    source = "SELECT source FROM pg_settings WHERE name = 'tcp_keepalives_idle'"
    with Catalog.open(address) as catalog:
        with catalog.write() as t:
            assert t.connection.exec_driver_sql(source).scalar() == "session"
        with catalog.read() as t, contextlib.closing(own_connection(t.connection, "another")) as driver:
            assert t.connection.exec_driver_sql(source).scalar() != "session"
            assert driver.execute(source).fetchone() == ("session",)
            assert driver.info.get_parameters()["tcp_user_timeout"] == "60000"


def test_a_connection_that_is_killed_at_the_end_loses_the_transaction(server, address):
    with Catalog.open(address) as catalog:
        with pytest.raises(CatalogUnreachable), catalog.write() as t:
            t.folders.add(b"/lost")
            kill(server, address)
        with catalog.read() as t:
            assert t.folders.all() == []


class Interruption(KeyboardInterrupt):
    """Raised by a signal."""


def test_a_signal_within_a_statement_ends_the_transaction(address):
    def stop(_number, _frame):
        raise Interruption

    with Catalog.open(address) as catalog:
        before = signal.signal(signal.SIGUSR1, stop)
        main = threading.main_thread().ident
        timer = threading.Timer(0.3, signal.pthread_kill, (main, signal.SIGUSR1))
        try:
            with pytest.raises(Interruption), catalog.write() as t:
                t.folders.add(b"/lost")
                timer.start()
                t.connection.exec_driver_sql("SELECT pg_sleep(60)")
        finally:
            timer.join()
            signal.signal(signal.SIGUSR1, before)
        with catalog.write(1) as t:
            assert t.folders.all() == []


def test_dropped_tables_are_a_catalog_that_is_gone(address, run):
    with Catalog.open(address) as catalog:
        run("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        with pytest.raises(CatalogMoved, match="moved or deleted"), catalog.write():
            pass


def test_a_stamp_differs_after_each_commit_of_any_process(address):
    with Catalog.open(address) as catalog, Catalog.open(address) as other:
        stamps = [catalog.stamp()]
        for number in range(3):
            with other.write() as t:
                t.folders.add(b"/%d" % number)
            stamps.append(catalog.stamp())
        assert len(set(stamps)) == 4
        assert other.stamp() == stamps[-1]


def test_a_write_sees_what_was_committed_while_it_waited(address):
    with Catalog.open(address) as catalog, Catalog.open(address) as other:
        seen = []

        def second():
            with other.write() as t:
                seen.append(len(t.folders.all()))

        with catalog.write() as t:
            thread = threading.Thread(target=second)
            thread.start()
            t.folders.add(b"/a")
            thread.join(0.3)
            assert seen == []
        thread.join()
        assert seen == [1]


def test_catalogs_in_two_databases_do_not_wait_for_each_other(server, address):
    with server.database(server.template) as another, Catalog.open(address) as one, Catalog.open(another) as two:
        with one.write(), two.write(0.1) as t:
            t.folders.add(b"/a")
        with one.write(), pytest.raises(CatalogBusy), Catalog.open(address) as same, same.write(0.1):
            pass


def test_erased_searches_leave_no_row_versions(address, run):
    with Catalog.open(address) as catalog:
        photographer = Photographer(catalog)
        with catalog.write() as t:
            t.texts.put(photographer.space.id, {"a private thing": unit(1)}, searches=5)
        with catalog.write() as t:
            assert t.texts.forget_searches(set()) == 1
        (before,) = run("SELECT pg_relation_size('text_vector')")
        catalog.erase_deleted()
        assert before[0] > 0
        assert run("SELECT pg_relation_size('text_vector')") == [(0,)]


@pytest.mark.parametrize("count", [1, 1500])
def test_many_embeddings_are_stored_as_one_by_one(catalog, count):
    photographer = Photographer(catalog)
    space = photographer.space.id
    with catalog.write() as t:
        ids = [t.photos.add(number.to_bytes(32, "big"), 1, Facts(1, 1, "PNG")) for number in range(count + 1)]
        t.embeddings.put(space, ids[0], unit(77), b"0123456789abcdef")
        matrix = np.stack([unit(seed) for seed in range(count)])
        digests = [None if number % 2 else number.to_bytes(16, "big") for number in range(count)]
        t.embeddings.put_all(space, Vectors(np.array(ids[:count]), matrix), digests)
        t.embeddings.put_all(space, Vectors(np.empty(0, np.int64), np.empty((0, 8), np.float32)))
    with catalog.read() as t:
        found = t.embeddings.get(space, ids)
        assert found.ids.tolist() == ids[:count]
        np.testing.assert_array_equal(found.matrix, matrix.astype(np.float16).astype(np.float32))
        assert t.embeddings.pixels(space, ids[0]) == digests[0]
        assert t.embeddings.damaged(space) == []
        assert t.embeddings.stored_ids(space).tolist() == ids[:count]
        assert t.spaces.bytes_a_photo(space) == 16


def test_a_vector_that_is_none_of_the_space_keeps_all_from_being_stored(catalog):
    photographer = Photographer(catalog)
    one, two = photographer.put(b"a", 1), photographer.put(b"b", 2)
    matrix = np.stack([unit(9), np.ones(8, np.float32)])
    with catalog.write() as t:
        with pytest.raises(BadVector, match="length"):
            t.embeddings.put_all(photographer.space.id, Vectors(np.array([one, two]), matrix))
        np.testing.assert_allclose(t.embeddings.get(photographer.space.id, [one]).matrix[0], unit(1), atol=1e-3)


def test_embeddings_put_at_once_are_noted_for_the_index(catalog):
    photographer = Photographer(catalog)
    with_file = photographer.put(b"a", 1)
    with catalog.write() as t:
        without = t.photos.add(bytes(32), 1, Facts(1, 1, "PNG"))
        seq = t.embeddings.position(photographer.space.id).seq
        vectors = Vectors(np.array([with_file, without]), np.stack([unit(3), unit(4)]))
        t.embeddings.put_all(photographer.space.id, vectors)
        assert changes_since(t.connection, photographer.space.id, seq) == {with_file: "put"}


def test_vectors_of_several_lengths_are_read_in_one_query(address):
    with Catalog.open(address) as catalog:
        photographer = Photographer(catalog)
        photos = [photographer.put(b"%d" % number, number) for number in range(1, 5)]
        embedding = tables.embedding
        query = select(embedding.c.photo_id, embedding.c.vector, embedding.c.checksum).order_by(embedding.c.photo_id)
        with catalog.write() as t:
            longer = embedding.update().where(embedding.c.photo_id == photos[1])
            t.connection.execute(longer.values(vector=unit(5, 12)))
            rows = list(vector_rows(t.connection, query))
            assert [(key, len(raw)) for key, raw, _ in rows] == list(zip(photos, (16, 24, 16, 16), strict=True))
            assert [zlib.crc32(raw) == checksum for _, raw, checksum in rows] == [True, False, True, True]
            assert list(vector_rows(t.connection, query.where(embedding.c.photo_id > 99))) == []


def copied_rows(path, server, database):
    """Copy all rows of the SQLite catalog at *path* into the tables of the same revision in a PostgreSQL database."""
    import psycopg

    columns = "SELECT table_name, column_name, udt_name FROM information_schema.columns WHERE table_schema = 'public'"
    kinds = {(table, name): kind for table, name, kind in server.run(columns, database)}
    convert = {"bool": bool, "halfvec": lambda raw: str(np.frombuffer(raw, "<f2").tolist())}
    with contextlib.closing(sqlite3.connect(path)) as source, psycopg.connect(server.address(database)) as target:
        target.execute("SET session_replication_role = replica")
        for table in {table for table, _ in kinds} - {"alembic_version"}:
            cursor = source.execute(f'SELECT * FROM "{table}"')
            names = [each[0] for each in cursor.description]
            converters = [convert.get(kinds[table, name], lambda same: same) for name in names]
            rows = [[become(value) for become, value in zip(converters, row, strict=True)] for row in cursor]
            places = ", ".join(["%s"] * len(names))
            named = ", ".join(f'"{name}"' for name in names)
            target.cursor().executemany(f'INSERT INTO "{table}" ({named}) VALUES ({places})', rows)


def test_a_library_of_the_first_revision_is_upgraded_as_in_sqlite(server, empty, tmp_path):
    path = catalog_of_0014(tmp_path)
    folder = revisions_up_to("0014", tmp_path)
    upgraded(empty, folder, "0014")
    copied_rows(path, server, database_of(empty))
    with Catalog.open(path) as before, Catalog.open(empty) as after, before.read() as one, after.read() as other:
        for table in tables.metadata.sorted_tables:
            key = list(table.primary_key.columns)
            rows = [
                [tuple(map(str, row)) for row in t.connection.execute(select(table).order_by(*key)).all()]
                for t in (one, other)
            ]
            assert rows[0] == rows[1], table.name
        assert other.slots.pending() == one.slots.pending()
        assert other.slots.pending()
