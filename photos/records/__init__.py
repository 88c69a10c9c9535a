"""JSON records, a module a family: TypedDicts for `--json` and the daemon's answers, and functions that fill them."""
