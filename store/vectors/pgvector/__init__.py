"""The vector index on PostgreSQL: pgvector compares the catalog's own rows, so there is no copy to keep."""
