"""Automatic tags as one row a photo, in a scoring that is made whole before it is in force.

The automatic tags that there are end here: they are made again, without opening a picture, by the next pass or re-tag.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None
#: Whether a copy of the catalog is made before this runs.
rewrites_data = True

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "scoring",
        sa.Column("id", _ID, nullable=False),
        sa.Column("space_id", _ID, nullable=False),
        sa.Column("revision_id", _ID, nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("label_ids", sa.LargeBinary(), nullable=False),
        sa.Column("offsets", sa.LargeBinary(), nullable=False),
        sa.Column("change_seq", sa.BigInteger(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], name=op.f("fk_scoring_space_id_space")),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_scoring_revision_id_revision")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scoring")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "photo_scores",
        sa.Column("scoring_id", _ID, nullable=False),
        sa.Column("photo_id", _ID, nullable=False),
        sa.Column("label_ids", sa.LargeBinary(), nullable=False),
        sa.Column("cosines", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["scoring_id"], ["scoring.id"], name=op.f("fk_photo_scores_scoring_id_scoring")),
        sa.PrimaryKeyConstraint("scoring_id", "photo_id", name=op.f("pk_photo_scores")),
        sqlite_with_rowid=False,
    )
    # SQLite can only make a table anew.
    op.create_table(
        "tag_anew",
        sa.Column("photo_id", _ID, nullable=False),
        sa.Column("label_id", _ID, nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), server_default="", nullable=False),
        sa.CheckConstraint("source IN ('user', 'rejected', 'imported')", name=op.f("ck_tag_source")),
        sa.CheckConstraint("(source = 'imported') = (origin <> '')", name=op.f("ck_tag_imported_has_origin")),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name=op.f("fk_tag_photo_id_photo")),
        sa.ForeignKeyConstraint(["label_id"], ["label.id"], name=op.f("fk_tag_label_id_label")),
        sa.PrimaryKeyConstraint("photo_id", "label_id", "source", "origin", name=op.f("pk_tag")),
    )
    op.execute(
        "INSERT INTO tag_anew (photo_id, label_id, source, origin) "
        "SELECT photo_id, label_id, source, origin FROM tag WHERE source <> 'auto'"
    )
    op.drop_table("tag")
    op.rename_table("tag_anew", "tag")
    op.create_index(op.f("ix_tag_label_id_photo_id"), "tag", ["label_id", "photo_id"])
    op.execute("UPDATE library SET retag_pending = 1 WHERE revision_id IS NOT NULL")


def downgrade() -> None:
    raise RuntimeError("catalogs are not downgraded; restore the copy that was made before the upgrade")
