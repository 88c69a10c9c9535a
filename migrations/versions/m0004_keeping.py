"""Attempts, what is kept of photos that are gone, more facts, and companions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None
#: Whether a copy of the catalog is made before this runs.
rewrites_data = True

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
#: SQLite can only make a table anew, and does not say what all was in it.
_LOG = sa.Table(
    "embedding_change",
    sa.MetaData(),
    sa.Column("seq", _ID, primary_key=True, autoincrement=True),
    sa.Column("space_id", _ID, nullable=False),
    sa.Column("photo_id", _ID, nullable=False),
    sa.Column("op", sa.String(), nullable=False),
    sa.Column("token", sa.BigInteger(), nullable=False),
    sa.CheckConstraint("op IN ('put', 'delete')", name="ck_embedding_change_op"),
    sa.ForeignKeyConstraint(["space_id"], ["space.id"], name="fk_embedding_change_space_id_space"),
    sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name="fk_embedding_change_photo_id_photo"),
    sa.Index("ix_embedding_change_space_id_seq", "space_id", "seq"),
    sqlite_autoincrement=True,
)


def upgrade() -> None:
    op.create_table(
        "attempt",
        sa.Column("content_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("content_hash", name=op.f("pk_attempt")),
    )
    for column in (
        sa.Column("gone_at", sa.DateTime(), nullable=True),
        sa.Column("lens", sa.String(), nullable=True),
        sa.Column("focal_length", sa.Float(), nullable=True),
        sa.Column("aperture", sa.Float(), nullable=True),
        sa.Column("exposure", sa.Float(), nullable=True),
        sa.Column("iso", sa.Integer(), nullable=True),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("caption", sa.String(), nullable=True),
        sa.Column("keywords", sa.JSON(), server_default="[]", nullable=False),
    ):
        op.add_column("photo", column)
    op.add_column("file", sa.Column("companion_of", sa.LargeBinary(), nullable=True))
    op.add_column("library", sa.Column("indexing", sa.Boolean(), server_default="0", nullable=False))
    op.create_index("ix_file_companion_of", "file", ["companion_of"], sqlite_where=sa.text("companion_of IS NOT NULL"))
    with op.batch_alter_table("embedding_change", copy_from=_LOG) as log:
        log.drop_constraint("fk_embedding_change_photo_id_photo", type_="foreignkey")
    # Their thirty days begin now.
    op.execute(
        "UPDATE photo SET gone_at = CURRENT_TIMESTAMP WHERE NOT EXISTS (SELECT 1 FROM file WHERE photo_id = photo.id)"
    )


def downgrade() -> None:
    raise RuntimeError("catalogs are not downgraded; restore the copy that was made before the upgrade")
