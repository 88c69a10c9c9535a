"""Several spaces side by side: references, re-tags and tuned thresholds of each, and a space that is tried."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None
#: True if a copy of the catalog is made before this runs.
rewrites_data = True

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    with op.batch_alter_table("space", table_kwargs={"sqlite_autoincrement": True}) as space:
        space.alter_column("logit_bias", existing_type=sa.Float(), nullable=True)
        space.add_column(sa.Column("reference", sa.LargeBinary(), nullable=True))
        space.add_column(sa.Column("encoded", _ID, server_default="0", nullable=False))
        space.add_column(sa.Column("encode_seconds", sa.Float(), server_default="0", nullable=False))
    op.execute(
        "UPDATE space SET reference = (SELECT model FROM library WHERE space_id = space.id)"
        " WHERE id IN (SELECT space_id FROM library)"
    )
    with op.batch_alter_table("library") as library:
        library.add_column(sa.Column("previous_space_id", _ID, nullable=True))
        library.add_column(sa.Column("trying_space_id", _ID, nullable=True))
        library.add_column(sa.Column("trying_folder", sa.LargeBinary(), nullable=True))
        library.add_column(sa.Column("trying_sample", _ID, nullable=True))
        library.create_foreign_key("fk_library_previous_space_id_space", "space", ["previous_space_id"], ["id"])
        library.create_foreign_key("fk_library_trying_space_id_space", "space", ["trying_space_id"], ["id"])
    op.create_table(
        "tuned_threshold",
        sa.Column("vocabulary", _TEXT, nullable=False),
        sa.Column("label", _TEXT, nullable=False),
        sa.Column("space_id", _ID, nullable=False),
        sa.Column("threshold", sa.Float(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], name=op.f("fk_tuned_threshold_space_id_space")),
        sa.PrimaryKeyConstraint("vocabulary", "label", "space_id", "threshold", name=op.f("pk_tuned_threshold")),
    )
    op.create_table(
        "slot_state",
        sa.Column("slot", _TEXT, nullable=False),
        sa.Column("space_id", _ID, nullable=False),
        sa.Column("current_revision_id", _ID, nullable=True),
        sa.Column("current_version", _ID, nullable=False),
        sa.Column("target_version", _ID, nullable=False),
        sa.CheckConstraint("current_version <= target_version", name=op.f("ck_slot_state_versions")),
        sa.ForeignKeyConstraint(
            ["current_revision_id"], ["revision.id"], name=op.f("fk_slot_state_current_revision_id_revision")
        ),
        sa.ForeignKeyConstraint(["slot"], ["slot.name"], name=op.f("fk_slot_state_slot_slot")),
        sa.PrimaryKeyConstraint("slot", "space_id", name=op.f("pk_slot_state")),
    )
    op.execute(
        "INSERT INTO slot_state (slot, space_id, current_revision_id, current_version, target_version)"
        " SELECT name, COALESCE((SELECT space_id FROM library), 0), current_revision_id, current_version,"
        " target_version FROM slot"
    )
    if op.get_bind().dialect.name == "sqlite":
        _make_slot_anew()
    else:
        op.drop_constraint(op.f("ck_slot_versions"), "slot", type_="check")
        for column in ("current_revision_id", "current_version", "target_version"):
            op.drop_column("slot", column)


def _make_slot_anew() -> None:
    """Leave out what `slot_state` has now: SQLite drops no column with a constraint."""
    op.create_table(
        "slot_now",
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("target_revision_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["target_revision_id"], ["revision.id"], name=op.f("fk_slot_target_revision_id_revision")
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_slot")),
    )
    op.execute("INSERT INTO slot_now (name, target_revision_id) SELECT name, target_revision_id FROM slot")
    op.drop_table("slot")
    op.rename_table("slot_now", "slot")


def downgrade() -> None:
    raise RuntimeError("catalogs are not downgraded; restore the copy that was made before the upgrade")
