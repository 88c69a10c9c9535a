"""Copies of whole catalogs, from one database to another: SQLite to PostgreSQL, back, and each to its own kind."""
