"""JSON records: one TypedDict for each kind of object that `--json` prints."""
