"""Query plans, as far as tests ask for them."""

from sqlalchemy import Connection

#: Makes the planner of PostgreSQL 18 expect a million rows in every table, and nearly as many values in every column.
_LARGE = "UPDATE pg_class SET relpages = 1, reltuples = 1e6 WHERE relnamespace = 'public'::regnamespace"
_DISTINCT = """
SELECT pg_restore_attribute_stats(
    'schemaname', 'public', 'relname', relname::text, 'attname', attname::text, 'inherited', false,
    'null_frac', 0.0::real, 'avg_width', 8, 'n_distinct', (-0.9)::real
)
FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
"""


def tables_read_whole(connection: Connection, statement: str, parameters: object) -> set[str]:
    """Return the tables that *statement* goes through row by row, with no condition that an index answers."""
    if connection.dialect.name == "sqlite":
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
        scans = [step.detail for step in plan if step.detail.startswith("SCAN") and "CONSTANT" not in step.detail]
        return {detail.split()[1] for detail in scans}
    # Small tables would be read whole in spite of an index.
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    if connection.exec_driver_sql("SHOW transaction_read_only").scalar_one() == "off":
        connection.exec_driver_sql(_LARGE)
        if connection.dialect.server_version_info >= (18,):
            connection.exec_driver_sql(_DISTINCT)
    (plan,) = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).one()
    whole = {
        node["Relation Name"]
        for node in _nodes(plan[0]["Plan"])
        if "Relation Name" in node and "Scan" in node["Node Type"] and not {"Index Cond", "Recheck Cond"} & node.keys()
    }
    # To read an empty table costs nothing, and the planner knows it.
    return {name for name in whole if connection.exec_driver_sql(f"SELECT pg_relation_size('{name}')").scalar_one()}


def _nodes(node):
    yield node
    for below in node.get("Plans", ()):
        # An index that is read in its order, up to a limit, is not read whole.
        if node["Node Type"] != "Limit" or not below["Node Type"].startswith("Index"):
            yield from _nodes(below)
