"""What a new label must reach to come among a photo's best."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None
#: Whether a copy of the catalog is made before this runs.
rewrites_data = False

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "least_rank",
        sa.Column("scoring_id", _ID, nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("ranks", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["scoring_id"], ["scoring.id"], name=op.f("fk_least_rank_scoring_id_scoring")),
        sa.PrimaryKeyConstraint("scoring_id", "page", name=op.f("pk_least_rank")),
    )


def downgrade() -> None:
    raise RuntimeError("catalogs are not downgraded; restore the copy that was made before the upgrade")
