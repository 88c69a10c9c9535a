"""How labels' scores lie over a library, in snapshots."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None
#: Whether a copy of the catalog is made before this runs.
rewrites_data = False

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "calibration",
        sa.Column("id", _ID, nullable=False),
        sa.Column("space_id", _ID, nullable=False),
        sa.Column("photos", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], name=op.f("fk_calibration_space_id_space")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calibration")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "label_calibration",
        sa.Column("calibration_id", _ID, nullable=False),
        sa.Column("label_id", _ID, nullable=False),
        sa.Column("median", sa.Float(), nullable=False),
        sa.Column("spread", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["calibration_id"], ["calibration.id"], name=op.f("fk_label_calibration_calibration_id_calibration")
        ),
        sa.ForeignKeyConstraint(["label_id"], ["label.id"], name=op.f("fk_label_calibration_label_id_label")),
        sa.PrimaryKeyConstraint("calibration_id", "label_id", name=op.f("pk_label_calibration")),
    )


def downgrade() -> None:
    raise RuntimeError("catalogs are not downgraded; restore the copy that was made before the upgrade")
