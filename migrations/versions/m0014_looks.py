"""What photos look like, so that no picture is decoded twice to be compared."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None
#: Whether a copy of the catalog is made before this runs.
rewrites_data = False

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "look",
        sa.Column("photo_id", _ID, nullable=False),
        sa.Column("method", sa.Integer(), nullable=False),
        sa.Column("bits", sa.LargeBinary(length=8), nullable=False),
        sa.Column("colours", sa.LargeBinary(length=192), nullable=False),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name=op.f("fk_look_photo_id_photo")),
        sa.PrimaryKeyConstraint("photo_id", name=op.f("pk_look")),
    )


def downgrade() -> None:
    raise RuntimeError("catalogs are not downgraded; restore the copy that was made before the upgrade")
