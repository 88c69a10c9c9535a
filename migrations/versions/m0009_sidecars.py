"""A journal of the sidecars that were written."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None
#: Whether a copy of the catalog is made before this runs.
rewrites_data = False

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "sidecar_run",
        sa.Column("id", _ID, nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("undone_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sidecar_run")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "sidecar_write",
        sa.Column("id", _ID, nullable=False),
        sa.Column("sidecar_run_id", _ID, nullable=False),
        sa.Column("photo_id", _ID, nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("before", sa.LargeBinary(), nullable=True),
        sa.Column("after_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("undone", sa.Boolean(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["sidecar_run_id"], ["sidecar_run.id"], name=op.f("fk_sidecar_write_sidecar_run_id_sidecar_run")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sidecar_write")),
        sa.UniqueConstraint("sidecar_run_id", "path", name=op.f("uq_sidecar_write_sidecar_run_id_path")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_sidecar_write_path"), "sidecar_write", ["path"])


def downgrade() -> None:
    raise RuntimeError("catalogs are not downgraded; restore the copy that was made before the upgrade")
