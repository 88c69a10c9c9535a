"""Opening catalogs: new, old, newer, and no catalogs at all."""

import dataclasses
import gzip
import json
import os
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import IntegrityError

from store import Catalog, CatalogDamaged, CatalogReadOnly, CatalogTooNew, CatalogTooOld, NotACatalog
from store.sql.schema import metadata
from store.sql.sqlite import connect, transaction
from store.sql.upgrade import HEAD, migrations_folder, upgrade
from store.sql.word_index import is_no_index
from tests.store.conftest import Photographer


def tables(path):
    with sqlite3.connect(path) as connection:
        found = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    connection.close()
    return found


NEXT = f"{int(HEAD) + 1:04}"


def write_revisions(folder, *bodies):
    """Migrations that begin with the real ones and go on with *bodies*."""
    versions = folder / "versions"
    versions.mkdir(parents=True)
    real = migrations_folder()
    (folder / "env.py").write_text((real / "env.py").read_text())
    for path in (real / "versions").glob("m*.py"):
        (versions / path.name).write_text(path.read_text())
    for number, body in enumerate(bodies, int(NEXT)):
        (versions / f"m{number:04}_test.py").write_text(
            "import sqlalchemy as sa\nfrom alembic import op\n"
            f"revision, down_revision = '{number:04}', '{number - 1:04}'\n" + textwrap.dedent(body)
        )
    return folder


def revisions_up_to(revision, parent):
    """Copy the real migrations up to *revision* into a folder in *parent*, and return it."""
    folder = write_revisions(parent / f"migrations-{revision}")
    for later in (each for each in (folder / "versions").glob("m*.py") if each.name > f"m{revision}~"):
        later.unlink()
    return folder


def upgrade_to(revision, path):
    """Make the catalog at *path*, or upgrade it, with the real migrations up to *revision*."""
    folder = revisions_up_to(revision, path.parent)
    engine = connect(path)
    upgrade(engine, path, migrations=folder, head=revision)
    engine.dispose()


def test_models_equal_migrations(tmp_path):
    Catalog.open(tmp_path / "catalog.db").close()
    engine = connect(tmp_path / "catalog.db")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": is_no_index})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_every_table_is_in_the_documentation():
    page = Path(__file__).parents[3] / "docs" / "internals" / "catalog.md"
    described = [line.split("`")[1] for line in page.read_text().splitlines() if line.startswith("| `")]
    assert [name for name in described if name in metadata.tables] == list(metadata.tables)


def test_every_revision_has_its_line():
    folder = migrations_folder()
    lines = [line[2:6] for line in (folder / "NOTES.md").read_text().splitlines() if line.startswith("- ")]
    assert lines == sorted(path.name[1:5] for path in (folder / "versions").glob("m*.py"))


def test_there_is_one_head_and_the_constant_names_it():
    assert ScriptDirectory(str(migrations_folder())).get_heads() == [HEAD]


def test_a_catalog_up_to_date_is_opened_without_alembic(tmp_path):
    Catalog.open(tmp_path / "catalog.db").close()
    script = (
        "import sys; from pathlib import Path; from store import Catalog;"
        f"Catalog.open(Path({str(tmp_path / 'catalog.db')!r})).close(); print('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout == "False\n"


def test_several_processes_may_start_at_once(tmp_path):
    path = tmp_path / "catalog.db"
    script = f"from pathlib import Path; from store import Catalog; Catalog.open(Path({str(path)!r})).close()"
    running = [subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE) for _ in range(4)]
    assert [process.communicate()[1] for process in running] == [b""] * 4
    assert {"photo", "embedding", "alembic_version"} <= tables(path)


def test_a_failed_step_changes_nothing(tmp_path):
    path = tmp_path / "catalog.db"
    folder = write_revisions(
        tmp_path / "migrations",
        """
        def upgrade():
            op.create_table("extra", sa.Column("id", sa.Integer, primary_key=True))
            raise RuntimeError("half way")
        """,
    )
    Catalog.open(path).close()
    before = tables(path)
    engine = connect(path)
    with pytest.raises(RuntimeError, match="half way"):
        upgrade(engine, path, migrations=folder, head=NEXT)
    engine.dispose()
    assert tables(path) == before
    Catalog.open(path).close()


def test_a_copy_is_made_before_a_step_that_rewrites_data(tmp_path):
    path = tmp_path / "catalog.db"
    folder = write_revisions(
        tmp_path / "migrations",
        """
        rewrites_data = True
        def upgrade():
            op.execute("DELETE FROM folder")
        """,
    )
    with Catalog.open(path) as catalog, catalog.write() as t:
        t.folders.add(b"/kept")
    engine = connect(path)
    upgrade(engine, path, migrations=folder, head=NEXT)
    engine.dispose()
    with Catalog.open(tmp_path / f"catalog.db.before-{HEAD}") as copy, copy.read() as t:
        assert [each.path for each in t.folders.all()] == [b"/kept"]


def test_the_copy_has_the_rows_before_the_step_and_older_copies_stay(tmp_path):
    path = tmp_path / "catalog.db"
    folder = write_revisions(tmp_path / "migrations", "rewrites_data = True\ndef upgrade():\n    raise RuntimeError\n")
    Catalog.open(path).close()
    for number in range(2):
        with Catalog.open(path) as catalog, catalog.write() as t:
            t.folders.add(b"/%d" % number)
        engine = connect(path)
        with pytest.raises(RuntimeError):
            upgrade(engine, path, migrations=folder, head=NEXT)
        engine.dispose()
    counts = []
    for name in (f"catalog.db.before-{HEAD}", f"catalog.db.before-{HEAD}-2"):
        with Catalog.open(tmp_path / name) as copied, copied.read() as t:
            counts.append(len(t.folders.all()))
    assert counts == [1, 2]
    assert not list(tmp_path.glob("*.tmp"))


REMAKE_PHOTO = """
def upgrade():
    with op.batch_alter_table("photo", recreate="always") as photo:
        photo.alter_column("size", existing_type=sa.BigInteger(), nullable=True)
"""


def test_a_table_that_others_refer_to_can_be_rebuilt(tmp_path):
    path = tmp_path / "catalog.db"
    with Catalog.open(path) as catalog:
        Photographer(catalog).put(b"a", 1)
    engine = connect(path)
    upgrade(engine, path, migrations=write_revisions(tmp_path / "migrations", REMAKE_PHOTO), head=NEXT)
    with transaction(engine, path, writes=True) as connection:
        assert connection.exec_driver_sql("SELECT photo_id FROM file").scalar_one() == 1
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
        with pytest.raises(IntegrityError):
            connection.exec_driver_sql("DELETE FROM photo")
    engine.dispose()


def test_a_step_that_leaves_dangling_references_is_undone(tmp_path):
    path = tmp_path / "catalog.db"
    with Catalog.open(path) as catalog:
        Photographer(catalog).put(b"a", 1)
    folder = write_revisions(tmp_path / "migrations", "def upgrade():\n    op.execute('DELETE FROM photo')\n")
    engine = connect(path)
    with pytest.raises(CatalogDamaged, match="refers to nothing"):
        upgrade(engine, path, migrations=folder, head=NEXT)
    engine.dispose()
    with Catalog.open(path) as catalog, catalog.read() as t:
        assert t.photos.count() == 1


def test_no_copy_is_made_before_a_step_that_only_adds(tmp_path):
    path = tmp_path / "catalog.db"
    folder = write_revisions(
        tmp_path / "migrations", "def upgrade():\n    op.execute('CREATE TABLE extra (id INTEGER)')\n"
    )
    Catalog.open(path).close()
    engine = connect(path)
    upgrade(engine, path, migrations=folder, head=NEXT)
    engine.dispose()
    assert "extra" in tables(path)
    assert not list(tmp_path.glob("*.before-*"))


def test_a_newer_catalog_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "catalog.db"
    Catalog.open(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(CatalogTooNew, match="newer version of photos"):
        Catalog.open(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"Dear diary,\n" * 500, b"\x89PNG\r\n\x1a\n" + bytes(5000)])
def test_another_kind_of_file_is_refused_and_left_alone(tmp_path, content):
    path = tmp_path / "catalog.db"
    path.write_bytes(content)
    with pytest.raises(NotACatalog, match="is not a photos catalog"):
        Catalog.open(path)
    assert path.read_bytes() == content


def test_another_programs_database_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "catalog.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE songs (title)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(NotACatalog):
        Catalog.open(path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["catalog.db"]


def test_a_place_where_no_file_can_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CatalogReadOnly, match="permissions"):
        Catalog.open(tmp_path / "file" / "catalog.db")
    (tmp_path / "catalog.db").mkdir()
    with pytest.raises(CatalogReadOnly):
        Catalog.open(tmp_path / "catalog.db")


def test_a_copy_that_was_restored_lets_readers_and_a_writer_work_at_once_again(tmp_path):
    path = tmp_path / "catalog.db"
    Catalog.open(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("VACUUM INTO ?", (str(tmp_path / "copy.db"),))
    connection.close()
    path.unlink()
    (tmp_path / "copy.db").rename(path)
    with Catalog.open(path) as catalog, catalog.read() as view:
        assert view.folders.all() == []
        with catalog.write() as t:
            t.folders.add(b"/photos")
        assert view.folders.all() == []


def catalog_of_0014(tmp_path):
    """A library made by the last revision before slots.

    It has 8 photos, the vocabulary main, one as birds for a folder, whose re-tag is pending, and one as moods; tags by
    hand and a rejection, a taught label, a calibration, and sidecars that were written.
    """
    path = tmp_path / "catalog.db"
    kept = Path(__file__).parent / "data" / "catalog-0014.sqlite3.gz"
    path.write_bytes(gzip.decompress(kept.read_bytes()))
    return path


def test_a_library_of_the_last_revision_loses_nothing(tmp_path):
    path = catalog_of_0014(tmp_path)
    with sqlite3.connect(path) as connection:
        before = {name: connection.execute(f'SELECT * FROM "{name}"').fetchall() for name in tables(path)}
    connection.close()
    Catalog.open(path).close()
    with sqlite3.connect(path) as connection:
        after = {name: connection.execute(f'SELECT * FROM "{name}"').fetchall() for name in tables(path)}
    connection.close()
    new_names = {"look": "perceptual_hash", "namespace_folder": "slot_folder"}
    rewritten = {"alembic_version", "library", "namespace", "photo", "revision", "space", "sqlite_sequence"}
    for name in before.keys() - rewritten:
        assert after[new_names.get(name, name)] == before[name], name
    assert [row[:-1] for row in after["revision"]] == before["revision"]
    assert [row[:-4] for row in after["photo"]] == before["photo"]
    assert {row[-4:] for row in after["photo"]} == {(None, 0, None, None)}, "their facts are to be read again"
    assert [(*row[:3], *row[5:]) for row in before["library"]] == [row[:-4] for row in after["library"]]
    assert {row[-4:] for row in after["library"]} == {(None, None, None, None)}
    model = before["library"][0][1]
    assert [(*row, model, 0, 0.0) for row in before["space"]] == after["space"]
    assert sorted(name for name, *_ in after["slot"]) == sorted(["", *(name for name, *_ in before["namespace"])])
    assert (tmp_path / "catalog.db.before-0014").exists()


def test_examples_of_a_library_of_the_last_revision_are_noted(tmp_path):
    path = catalog_of_0014(tmp_path)
    Catalog.open(path).close()
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT examples, counterexamples FROM label").fetchall()
        noted = {content.hex() for (content,) in connection.execute("SELECT content_hash FROM example_content")}
    connection.close()
    assert noted == {content for row in rows for side in row for content in json.loads(side)}
    assert noted


def test_pending_retags_are_pending_after_the_upgrade(tmp_path):
    with Catalog.open(catalog_of_0014(tmp_path)) as catalog, catalog.read() as t:
        assert [(each.name, each.vocabulary, each.number) for each in t.slots.in_force()] == [
            ("", "main", 2),
            ("birds", "birds", 1),
            ("moods", "moods", 1),
        ]
        assert t.slots.folders("birds") == (b"/photos/2018",)
        ((name, revision_id),) = t.slots.pending().items()
        revision = t.vocabularies.revision(revision_id)
        assert (name, revision.vocabulary, revision.number) == ("birds", "birds", 2)
        space_id = t.library.space_id()
        assert len(t.scores.missing(t.scores.begun(space_id, "birds"))) == 5, "it goes on where it was"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE library SET retag_pending = 1",
        "UPDATE scoring SET revision_id = 5 WHERE namespace = ''",
        "INSERT INTO label SELECT 999, name, texts, x'00', examples, counterexamples FROM label WHERE id = 54",
        # Another slot with the same revision was tagged again after a label was made anew.
        """INSERT INTO label SELECT 999, name, texts, x'00', examples, counterexamples FROM label WHERE id = 54;
        UPDATE revision_label SET label_id = 999 WHERE label_id = 54""",
    ],
)
def test_every_kind_of_pending_retag_stays_pending(tmp_path, change):
    path = catalog_of_0014(tmp_path)
    with sqlite3.connect(path) as connection:
        connection.executescript(change)
    connection.close()
    with Catalog.open(path) as catalog, catalog.read() as t:
        assert t.slots.pending().keys() == {"", "birds"}


def test_an_older_catalog_is_refused_and_left_alone(tmp_path):
    path = catalog_of_0014(tmp_path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0013'")
        connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(CatalogTooOld, match="add your folders to a new library"):
        Catalog.open(path)
    assert path.read_bytes() == before


def test_facts_of_an_upgraded_library_stay_until_read_again(tmp_path):
    with Catalog.open(catalog_of_0014(tmp_path)) as catalog, catalog.read() as t:
        photos = t.photos.get(range(1, 100))
        assert {photo.facts.date_source for photo in photos} == {None}
        assert t.photo_facts.wrong() == []
        assert len(t.files.stale_facts(1)) == len({photo.id for photo in photos if photo.paths})


def test_folders_of_0017_can_be_put_into_another_one(tmp_path):
    path = catalog_of_0014(tmp_path)
    upgrade_to("0017", path)
    with sqlite3.connect(path) as connection:
        assert "folder_within" not in tables(path)
        before = {name: connection.execute(f'SELECT * FROM "{name}"').fetchall() for name in tables(path)}
    connection.close()
    upgrade_to("0021", path)
    assert not (tmp_path / "catalog.db.before-0017").exists(), "a step that only adds makes no copy"
    with sqlite3.connect(path) as connection:
        for name in before.keys() - {"alembic_version"}:
            after = connection.execute(f'SELECT * FROM "{name}"').fetchall()
            # Later revisions add columns at the end.
            assert [row[: len(old)] for row, old in zip(after, before[name], strict=True)] == before[name], name
    connection.close()
    with Catalog.open(path) as catalog, catalog.write() as t:
        inner = [folder.path for folder in t.folders.all()]
        assert inner
        outer = t.folders.add(b"/")
        assert list(t.folders.within(outer)) == sorted(inner)
        t.folders.remove(outer.id)


def test_a_catalog_of_the_last_revision_keeps_its_texts(tmp_path):
    """Texts of before 0019 have no time: they may be a label's or a search's."""
    path = catalog_of_0014(tmp_path)
    with sqlite3.connect(path) as connection:
        for text in ("dog", "a private thing"):
            connection.execute(
                "INSERT INTO text_vector (space_id, text, vector)"
                " SELECT id, ?, zeroblob(4 * dimension) FROM space LIMIT 1",
                (text,),
            )
    connection.close()
    with Catalog.open(path) as catalog, catalog.write() as t:
        assert t.texts.searched() == []
        assert t.texts.forget_searches({"dog"}) == 1
        assert t.connection.exec_driver_sql("SELECT text FROM text_vector").scalars().all() == ["dog"]


def test_a_catalog_of_0019_gains_stars_by_hand(tmp_path):
    path = tmp_path / "catalog.db"
    upgrade_to("0019", path)
    with sqlite3.connect(path) as connection:
        connection.execute(
            "INSERT INTO photo (content_hash, size, width, height, format, added_at, rating)"
            " VALUES (zeroblob(32), 1, 1, 1, 'JPEG', '2024-01-01', 3)"
        )
    connection.close()
    with Catalog.open(path) as catalog, catalog.write() as t:
        assert t.photos.get([1])[0].facts.rating == 3
        t.photos.rate([1], 5)
        assert t.photos.get([1])[0].facts.rating == 5
        t.photos.rate([1], None)
        assert t.photos.get([1])[0].facts.rating == 3


def test_stars_of_a_catalog_of_0020_are_older_than_every_later_word(tmp_path):
    path = tmp_path / "catalog.db"
    upgrade_to("0020", path)
    with sqlite3.connect(path) as connection:
        for key, stars in ((1, 4), (2, None), (3, 2)):
            connection.execute(
                "INSERT INTO photo (content_hash, size, width, height, format, added_at, own_rating)"
                f" VALUES (x'{key:064x}', 1, 1, 1, 'JPEG', '2024-01-01', ?)",
                (stars,),
            )
    connection.close()
    with Catalog.open(path) as catalog, catalog.write() as t:
        t.edits.carry_over(1, 2, keep=True)
        assert t.photos.get([2])[0].facts.rating == 4
        t.photos.rate([3], None)
        t.edits.carry_over(1, 3, keep=False)
        assert t.photos.get([3])[0].facts.rating is None
        assert t.photos.rated([1, 2, 3]) == {2}


def test_a_catalog_of_0021_keeps_what_each_slot_owes(tmp_path):
    path = catalog_of_0014(tmp_path)
    upgrade_to("0021", path)
    with sqlite3.connect(path) as connection:
        before = connection.execute("SELECT * FROM slot ORDER BY name").fetchall()
        (space_id,) = connection.execute("SELECT space_id FROM library").fetchone()
        connection.execute("UPDATE library SET model = ?", (b"/models/\xff",))
    connection.close()
    with Catalog.open(path) as catalog, catalog.write() as t:
        states = t.connection.exec_driver_sql(
            "SELECT slot, current_revision_id, current_version, target_revision_id, target_version"
            f" FROM slot_state JOIN slot ON name = slot WHERE space_id = {space_id} ORDER BY slot"
        )
        assert [tuple(row) for row in states] == before
        assert os.fsencode(t.spaces.get(space_id).reference) == b"/models/\xff"
        assert (t.library.trial(), t.library.previous_space_id()) == (None, None)
        # A model without a bias can be kept.
        unbiased = dataclasses.replace(t.spaces.get(space_id).identity, weights_hash="another", logit_bias=None)
        assert t.spaces.get(t.spaces.ensure(unbiased).id).identity.logit_bias is None
