"""Indexes for filters of searches."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0009"
branch_labels = None
depends_on = None
#: Whether a copy of the catalog is made before this runs.
rewrites_data = False


def upgrade() -> None:
    op.create_index(op.f("ix_photo_taken_at"), "photo", ["taken_at"])
    where = {"sqlite_where": sa.text("latitude IS NOT NULL")}
    op.create_index(op.f("ix_photo_latitude_longitude"), "photo", ["latitude", "longitude"], **where)
    for name in ("camera", "lens"):
        where = {"sqlite_where": sa.text(f"{name} IS NOT NULL")}
        op.create_index(op.f(f"ix_photo_{name}"), "photo", [name], **where)


def downgrade() -> None:
    raise RuntimeError("catalogs are not downgraded; restore the copy that was made before the upgrade")
