"""The one statement that databases spell differently: insert, and what to do when the row is there."""

from sqlalchemy.dialects.sqlite import insert as upsert

__all__ = ["upsert"]
