import subprocess
import sys

import pytest

import store


@pytest.mark.parametrize("module", ["store.errors", "store.facts", "store.records", "store.words"])
def test_errors_and_records_load_neither_numpy_nor_sqlalchemy_nor_faiss(module):
    script = f"import sys, {module}; print({{'numpy', 'sqlalchemy', 'faiss'}} & set(sys.modules) or 'none')"

    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert found.stdout == "none\n"


def test_every_exported_name_can_be_imported():
    assert all(getattr(store, name) is not None for name in store.__all__)


def test_a_name_that_is_not_exported_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        store.nothing  # noqa: B018 - the access is the test


def test_a_catalog_loads_no_dialect_but_that_of_sqlite():
    script = (
        "import sys, store; store.Catalog; dialects = [name for name in sys.modules if name.count('.') == 2"
        " and name.startswith('sqlalchemy.dialects.')]; print([name for name in dialects if 'sqlite' not in name])"
    )

    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert found.stdout == "['sqlalchemy.dialects._typing']\n"


def test_a_library_on_sqlite_is_opened_and_used_without_what_postgresql_needs(tmp_path):
    path = tmp_path / "catalog.db"
    # The first start runs the revisions, and Alembic loads every dialect.
    store.Catalog.open(path).close()
    script = (
        "import pathlib, sys, store\n"
        f"with store.Catalog.open(pathlib.Path({str(path)!r})) as catalog:\n"
        "    with catalog.write() as t:\n        t.folders.add(b'/photos')\n"
        "    with catalog.read() as t:\n        t.descriptions.holding(['dog']), list(t.descriptions.words())\n"
        "        t.tags.given(['dog']), t.selection.matching([])\n"
        "names = ('psycopg', 'pgvector', 'sqlalchemy.dialects.postgresql')\n"
        "print([name for name in sys.modules if name.startswith(names)])\n"
    )

    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert found.stdout == "[]\n"
