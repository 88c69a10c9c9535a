"""Empty catalogs in SQLite for tests, copied from one that the revisions made."""

import functools
from pathlib import Path
from tempfile import TemporaryDirectory

from store import Catalog


def empty_catalog(path: Path) -> Path:
    """Make an empty catalog at *path*, and return that. Its folder exists."""
    path.write_bytes(_template())
    path.chmod(0o600)
    return path


@functools.cache
def _template() -> bytes:
    """The bytes of an empty catalog. The revisions take fifty times as long as a copy."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "catalog.db"
        # After the last connection nothing is left in a log beside the file.
        Catalog.open(path).close()
        return path.read_bytes()
