"""Further vocabularies beside the main one: each under a namespace, with scorings and folders of its own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None
#: Whether a copy of the catalog is made before this runs.
rewrites_data = False

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "namespace",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("revision_id", _ID, nullable=True),
        sa.Column("retag_pending", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_namespace_revision_id_revision")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_namespace")),
    )
    op.create_table(
        "namespace_folder",
        sa.Column("namespace", sa.String(), nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("namespace", "path", name=op.f("pk_namespace_folder")),
    )
    # What was scored so far is of the main vocabulary, whose namespace has no name.
    op.add_column("scoring", sa.Column("namespace", sa.String(), server_default="", nullable=False))


def downgrade() -> None:
    raise RuntimeError("catalogs are not downgraded; restore the copy that was made before the upgrade")
