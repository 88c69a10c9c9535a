"""Labels that imply others, groups of which a photo has one, and what was said of tags."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None
#: Whether a copy of the catalog is made before this runs.
rewrites_data = False

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("revision", sa.Column("exclusive", sa.JSON(), server_default="[]", nullable=False))
    op.add_column("revision_label", sa.Column("parents", sa.JSON(), server_default="[]", nullable=False))
    op.create_table(
        "tag_event",
        sa.Column("id", _ID, nullable=False),
        sa.Column("photo_id", _ID, nullable=False),
        sa.Column("label_id", _ID, nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("what IN ('added', 'rejected', 'cleared', 'imported')", name=op.f("ck_tag_event_what")),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name=op.f("fk_tag_event_photo_id_photo")),
        sa.ForeignKeyConstraint(["label_id"], ["label.id"], name=op.f("fk_tag_event_label_id_label")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag_event")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_tag_event_photo_id"), "tag_event", ["photo_id"])


def downgrade() -> None:
    raise RuntimeError("catalogs are not downgraded; restore the copy that was made before the upgrade")
