"""SQL: engine, dialect, schema and schema upgrades."""
