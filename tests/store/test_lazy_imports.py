import subprocess
import sys

import pytest

import store


@pytest.mark.parametrize("module", ["store.errors", "store.records"])
def test_errors_and_records_load_neither_numpy_nor_sqlalchemy_nor_faiss(module):
    script = f"import sys, {module}; print({{'numpy', 'sqlalchemy', 'faiss'}} & set(sys.modules) or 'none')"

    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert found.stdout == "none\n"


def test_every_exported_name_can_be_imported():
    assert all(getattr(store, name) is not None for name in store.__all__)


def test_a_name_that_is_not_exported_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        store.nothing  # noqa: B018 - the access is the test
