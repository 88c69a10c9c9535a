"""Moves: the files that were moved out of the library, so that they can be put back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None
#: True if a copy of the catalog is made before this runs.
rewrites_data = False

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "move_run",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("folder", sa.LargeBinary(), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("undone_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_move_run")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "file_move",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("move_run_id", _ID, nullable=False),
        sa.Column("photo_id", _ID, nullable=False),
        sa.Column("old_path", sa.LargeBinary(), nullable=False),
        sa.Column("new_path", sa.LargeBinary(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("is_sidecar", sa.Boolean(), nullable=False),
        sa.Column("undone", sa.Boolean(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["move_run_id"], ["move_run.id"], name=op.f("fk_file_move_move_run_id_move_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_move")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_file_move_move_run_id"), "file_move", ["move_run_id"])


def downgrade() -> None:
    raise RuntimeError("catalogs are not downgraded; restore the copy that was made before the upgrade")
