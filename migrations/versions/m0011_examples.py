"""Labels by example, and the hashes that photos' files had before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None
#: Whether a copy of the catalog is made before this runs.
rewrites_data = False

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("label", sa.Column("examples", sa.JSON(), server_default="[]", nullable=False))
    op.add_column("label", sa.Column("counterexamples", sa.JSON(), server_default="[]", nullable=False))
    op.add_column("label_vector", sa.Column("examples", sa.Integer(), server_default="0", nullable=False))
    op.add_column("label_vector", sa.Column("minimum", sa.Float(), nullable=True))
    op.add_column("label_vector", sa.Column("text_share", sa.Float(), server_default="1", nullable=False))
    op.create_table(
        "former_content",
        sa.Column("content_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("photo_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name=op.f("fk_former_content_photo_id_photo")),
        sa.PrimaryKeyConstraint("content_hash", name=op.f("pk_former_content")),
    )
    op.create_index(op.f("ix_former_content_photo_id"), "former_content", ["photo_id"])


def downgrade() -> None:
    raise RuntimeError("catalogs are not downgraded; restore the copy that was made before the upgrade")
