"""A catalog with rows in every table, of values that databases keep in different ways."""

import zlib
from datetime import datetime
from pathlib import Path

from sqlalchemy import JSON, Boolean, DateTime, Float, LargeBinary, String

from store import Catalog
from store.sql import schema
from store.sql.dialect import ServerText, Vector
from tests.store.conftest import unit

TABLES = schema.metadata.sorted_tables
#: Values that constraints ask for, of the first row and the second.
CHECKED = {
    ("file", "outcome"): ("indexed", "damaged"),
    ("file", "photo_id"): (1, None),
    ("embedding_change", "op"): ("put", "delete"),
    ("photo_text", "kind"): ("caption", "text"),
    ("tag", "source"): ("imported", "rejected"),
    ("tag", "origin"): ("digiKam\0", ""),
    ("tag_event", "what"): ("imported", "cleared"),
    ("slot_state", "current_version"): (0, 1),
    ("slot_state", "target_version"): (0, 2),
    ("file", "inode"): ((1 << 64) - 1, 1 << 63),
    ("photo_text", "words"): ("two words", "three more words"),
}
TEXTS = ("NUL \0, \U0001f468\u200d\U0001f469 and \x1b", "")
BYTES = (b"no text \xff\xfe\0", b"/")
FLOATS = (float("inf"), 5e-324, -0.0)
NUMBERS = ((1 << 63) - 1, -(1 << 63))
TIMES = (datetime.max, datetime.min)  # noqa: DTZ901 - as in the catalog, UTC without a zone
JSONS = (["\0 and \\u0000 and \\\0", "\ud800", {"a": 1e300}], [])
VALUES = (
    (Boolean, (True, False)),
    (Float, FLOATS),
    (JSON, JSONS),
    ((String, ServerText), TEXTS),
    (DateTime, TIMES),
    (LargeBinary, BYTES),
)


def value(table, column, number):
    """Return a value of *column* in row *number*, from 0 on."""
    if (table.name, column.name) in CHECKED:
        return CHECKED[table.name, column.name][number]
    if (column.primary_key and column.autoincrement is True) or column.name in {"photo_id", "space_id", "newest_id"}:
        return number + 1
    if column.foreign_keys:
        (key,) = column.foreign_keys
        return value(key.column.table, key.column, number)
    if isinstance(column.type, Vector):
        return unit(number)
    return next((values[number] for types, values in VALUES if isinstance(column.type, types)), NUMBERS[number])


def fill(catalog: Catalog) -> None:
    """Put two rows into every table, one into that of the settings."""
    with catalog.write() as t:
        for table in TABLES:
            for number in range(1 if table is schema.library else 2):
                row = {column.name: value(table, column, number) for column in table.columns}
                if table is schema.library:
                    row["id"] = 1
                if table is schema.embedding:
                    row["checksum"] = zlib.crc32(row["vector"].astype("<f2").tobytes())
                t.connection.execute(table.insert().values(**row))


def rows_of(catalog: Catalog) -> dict[str, list[tuple]]:
    """Return the rows of every table, as SQLAlchemy reads them, by their keys."""
    with catalog.read() as t:
        return {
            table.name: [
                tuple(each.tobytes() if hasattr(each, "tobytes") else each for each in row)
                for row in t.connection.execute(table.select().order_by(*table.primary_key.columns))
            ]
            for table in TABLES
        }


def as_on_a_server(rows: dict[str, list[tuple]]) -> dict[str, list[tuple]]:
    """Return *rows* as PostgreSQL has them: without a NUL in a text."""
    return {name: [tuple(map(_without_nul, row)) for row in each] for name, each in rows.items()}


def _without_nul(each: object) -> object:
    if isinstance(each, list):
        return [_without_nul(part) for part in each]
    return each.replace("\0", "\ufffd") if isinstance(each, str) else each


def open_copy(place: Path | str) -> Catalog:
    """Open the catalog that was copied to *place*: the folder of a library, or an address."""
    return Catalog.open(place / "catalog.sqlite3" if isinstance(place, Path) else place)
