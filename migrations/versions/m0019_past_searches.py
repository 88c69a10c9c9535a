"""Past searches: the time at which a text was remembered for a search."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None
#: True if a copy of the catalog is made before this runs.
rewrites_data = False


def upgrade() -> None:
    op.add_column("text_vector", sa.Column("searched_at", sa.DateTime(), nullable=True))
    op.create_index(op.f("ix_text_vector_searched_at"), "text_vector", ["searched_at"])


def downgrade() -> None:
    raise RuntimeError("catalogs are not downgraded; restore the copy that was made before the upgrade")
