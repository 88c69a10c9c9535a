"""Times of the last word of a person on stars."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None
#: True if a copy of the catalog is made before this runs.
rewrites_data = False


def upgrade() -> None:
    op.add_column("photo", sa.Column("rated_at", sa.DateTime(), nullable=True))


def downgrade() -> None:
    raise RuntimeError("catalogs are not downgraded; restore the copy that was made before the upgrade")
