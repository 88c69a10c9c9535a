"""Imported tags of several programs beside each other: a tag's key has its origin."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None
#: Whether a copy of the catalog is made before this runs.
rewrites_data = True

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    # SQLite can only make a table anew.
    op.create_table(
        "tag_anew",
        sa.Column("photo_id", _ID, nullable=False),
        sa.Column("label_id", _ID, nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), server_default="", nullable=False),
        sa.Column("space_id", _ID, nullable=True),
        sa.Column("cosine", sa.Float(), nullable=True),
        sa.CheckConstraint("source IN ('auto', 'user', 'rejected', 'imported')", name=op.f("ck_tag_source")),
        sa.CheckConstraint(
            "source <> 'auto' OR (cosine IS NOT NULL AND space_id IS NOT NULL)", name=op.f("ck_tag_auto_has_score")
        ),
        sa.CheckConstraint("(source = 'imported') = (origin <> '')", name=op.f("ck_tag_imported_has_origin")),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name=op.f("fk_tag_photo_id_photo")),
        sa.ForeignKeyConstraint(["label_id"], ["label.id"], name=op.f("fk_tag_label_id_label")),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], name=op.f("fk_tag_space_id_space")),
        sa.PrimaryKeyConstraint("photo_id", "label_id", "source", "origin", name=op.f("pk_tag")),
    )
    op.execute(
        "INSERT INTO tag_anew (photo_id, label_id, source, space_id, cosine, origin) "
        "SELECT photo_id, label_id, source, space_id, cosine, "
        "CASE source WHEN 'imported' THEN COALESCE(origin, 'unknown') ELSE '' END FROM tag"
    )
    op.drop_table("tag")
    op.rename_table("tag_anew", "tag")
    op.create_index(op.f("ix_tag_label_id_photo_id"), "tag", ["label_id", "photo_id"])


def downgrade() -> None:
    raise RuntimeError("catalogs are not downgraded; restore the copy that was made before the upgrade")
