"""Facts by their sources: those of a content, those of each sidecar, and the version of their reader."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None
#: True if a copy of the catalog is made before this runs.
rewrites_data = False

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("photo", sa.Column("date_source", _TEXT, nullable=True))
    op.add_column("photo", sa.Column("reader", _ID, server_default="0", nullable=False))
    op.create_table(
        "stated_facts",
        sa.Column("photo_id", _ID, nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name=op.f("fk_stated_facts_photo_id_photo")),
        sa.PrimaryKeyConstraint("photo_id", name=op.f("pk_stated_facts")),
    )
    op.create_table(
        "sidecar_facts",
        sa.Column("file_id", _ID, nullable=False),
        sa.Column("picture_id", _ID, nullable=False),
        sa.Column("rank", _ID, nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("reader", _ID, nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["file.id"], name=op.f("fk_sidecar_facts_file_id_file")),
        sa.ForeignKeyConstraint(["picture_id"], ["file.id"], name=op.f("fk_sidecar_facts_picture_id_file")),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_sidecar_facts")),
    )
    op.create_index(op.f("ix_sidecar_facts_picture_id"), "sidecar_facts", ["picture_id"], unique=False)


def downgrade() -> None:
    raise RuntimeError("catalogs are not downgraded; restore the copy that was made before the upgrade")
