"""Bytes that a photo takes on a PostgreSQL server, table by table, with its indexes.

    python benchmarks/speed/server_sizes.py [PHOTOS] [LABELS] [--address ADDRESS]

20 000 photos of 768 dimensions and 6 500 labels, unless other numbers are given: synthetic vectors, paths of some
60 bytes, a place and a camera for each photo, what an edit is recognised by, the scores of one vocabulary, and the HNSW
graph. Captions are not there, and a thumbnail is in a file of the machine that shows it. The server is started from
the tests' wheel unless --address names one whose role may make databases.
"""

from __future__ import annotations

import argparse

from server_library import database, settle
from server_retag import Bench, fill

from query.tagging import retag
from store import Catalog
from store.sql.postgres import driver_of
from store.vectors.pgvector.graph import Graph

_PATHS = """
UPDATE file SET path = convert_to('2019/2019-07-14 Sardinia, second week/IMG_20190714_' || photo_id || '.jpg', 'UTF8')
"""
_FACTS = """
UPDATE photo SET taken_at = '2019-07-14'::timestamp + id * interval '1 minute', latitude = 40 + id % 1000 / 1e3,
    longitude = 9 + id % 777 / 1e3, camera = 'Canon EOS R6', lens = 'RF24-105mm F4 L IS USM'
"""
_MINIATURES = """
INSERT INTO miniature (photo_id, pixels)
SELECT id, decode(repeat(md5(id::text), 32) || '00aa', 'hex') FROM photo ON CONFLICT DO NOTHING
"""
#: Tables that grow with the labels and the words that were searched for, not with the photos.
_OF_LABELS = frozenset({"label", "label_calibration", "label_vector", "revision_label", "scoring", "text_vector"})
_SIZES = """
SELECT relname, pg_table_size(oid), pg_indexes_size(oid) FROM pg_class
WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND pg_total_relation_size(oid) > %s
ORDER BY pg_total_relation_size(oid) DESC
"""


def main() -> None:
    """Make the library, and print a row for each table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=int, nargs="?", default=20_000)
    parser.add_argument("labels", type=int, nargs="?", default=6500)
    parser.add_argument("--address")
    arguments = parser.parse_args()
    with database(arguments.address) as watched, Catalog.open(watched.address) as catalog:
        space = fill(catalog, arguments.photos)
        with catalog.write() as t:
            for statement in (_PATHS, _FACTS, _MINIATURES):
                driver_of(t.connection).execute(statement)
        bench = Bench(catalog, space, arguments.labels)
        retag(catalog, space, bench.prepared(0), bench.texts)
        graph = Graph(catalog, space, least_rows=1)
        graph.build()
        with catalog.maintenance() as connection:
            # Rows that were changed leave gaps, which no library of that history has.
            driver_of(connection).execute("VACUUM (FULL)")
        settle(catalog)
        _show(catalog, graph, arguments.photos)


def _show(catalog: Catalog, graph: Graph, photos: int) -> None:
    with catalog.read() as t:
        state = graph.state(t.connection)
        rows = driver_of(t.connection).execute(_SIZES, [10 * photos]).fetchall()
    assert state is not None
    total = 0.0
    print(f"{photos} photos{'':<18}{'rows':>8}{'indexes':>9}  bytes a photo")
    for name, table, indexes in rows:
        if name not in _OF_LABELS:
            total += (table + indexes) / photos
            print(f"{name:<30}{table / photos:>8.0f}{indexes / photos:>9.0f}")
    print(f"{'all':<30}{total:>17.0f}, {state.bytes / photos:.0f} of them the graph")
    of_labels = sum(table + indexes for name, table, indexes in rows if name in _OF_LABELS)
    print(f"labels and texts, whatever the number of photos: {of_labels / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
