"""SQL: the schema and its upgrades, the database interface, SQLite, and what databases spell differently."""
