"""Rules and the device of a folder, and which pixels an embedding was made of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None
#: Whether a copy of the catalog is made before this runs.
rewrites_data = False


def upgrade() -> None:
    op.add_column("folder", sa.Column("excludes", sa.JSON(), server_default="[]", nullable=False))
    op.add_column("folder", sa.Column("device", sa.BigInteger(), nullable=True))
    op.add_column("embedding", sa.Column("pixels", sa.LargeBinary(length=16), nullable=True))
    op.create_index("ix_embedding_space_id_pixels", "embedding", ["space_id", "pixels"], unique=False)


def downgrade() -> None:
    raise RuntimeError("catalogs are not downgraded; restore the copy that was made before the upgrade")
