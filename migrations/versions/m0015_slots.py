"""Slots: the main vocabulary is a row like the others, with a current and a target revision."""

from __future__ import annotations

import struct

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None
#: True if a copy of the catalog is made before this runs.
rewrites_data = True

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")

_slot = sa.table(
    "slot",
    sa.column("name", sa.String),
    sa.column("current_revision_id", sa.BigInteger),
    sa.column("current_version", sa.Integer),
    sa.column("target_revision_id", sa.BigInteger),
    sa.column("target_version", sa.Integer),
)


def upgrade() -> None:
    op.create_table(
        "slot",
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("current_revision_id", _ID, nullable=True),
        sa.Column("current_version", _ID, nullable=False),
        sa.Column("target_revision_id", _ID, nullable=False),
        sa.Column("target_version", _ID, nullable=False),
        sa.CheckConstraint("current_version <= target_version", name=op.f("ck_slot_versions")),
        sa.ForeignKeyConstraint(
            ["current_revision_id"], ["revision.id"], name=op.f("fk_slot_current_revision_id_revision")
        ),
        sa.ForeignKeyConstraint(
            ["target_revision_id"], ["revision.id"], name=op.f("fk_slot_target_revision_id_revision")
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_slot")),
    )
    op.create_table(
        "slot_folder",
        sa.Column("slot", _TEXT, nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["slot"], ["slot.name"], name=op.f("fk_slot_folder_slot_slot")),
        sa.PrimaryKeyConstraint("slot", "path", name=op.f("pk_slot_folder")),
    )
    _fill(op.get_bind())
    op.drop_table("namespace_folder")
    op.drop_table("namespace")
    with op.batch_alter_table("library") as library:
        library.drop_constraint("fk_library_revision_id_revision", type_="foreignkey")
        library.drop_column("revision_id")
        library.drop_column("retag_pending")
    op.execute("ALTER TABLE scoring RENAME COLUMN namespace TO slot")
    op.add_column("revision", sa.Column("restores", _ID, nullable=True))
    _rename_look()


def _fill(connection: sa.Connection) -> None:
    """Make a slot of the main vocabulary and of each namespace, pending if its re-tag was."""
    library = connection.exec_driver_sql("SELECT space_id, revision_id, retag_pending FROM library").one_or_none()
    space_id, *main = library or (None, None, False)
    beside = connection.exec_driver_sql("SELECT name, revision_id, retag_pending FROM namespace").all()
    for name, revision_id, was_pending in [("", *main), *beside]:
        begun, scored = (
            connection.execute(_NEWEST, {"space": space_id, "name": name, "complete": complete}).scalar()
            for complete in (False, True)
        )
        target = revision_id if begun is None else begun
        if target is None:
            continue
        is_stale = scored is not None and (
            scored != revision_id
            or _has_renewed_labels(connection, revision_id)
            or _is_scored_with_older_labels(connection, space_id, name, revision_id)
        )
        current = 0 if revision_id is None else 1
        connection.execute(
            _slot.insert().values(
                name=name,
                current_revision_id=revision_id,
                current_version=current,
                target_revision_id=target,
                target_version=current + bool(begun is not None or was_pending or is_stale),
            )
        )
    connection.exec_driver_sql(
        "INSERT INTO slot_folder (slot, path)"
        " SELECT namespace, path FROM namespace_folder WHERE namespace IN (SELECT name FROM slot)"
    )


#: The revision of a namespace's newest scoring that is complete, or that is not.
_NEWEST = sa.text(
    "SELECT revision_id FROM scoring WHERE space_id = :space AND namespace = :name AND complete = :complete"
    " ORDER BY id DESC LIMIT 1"
)
#: The labels of a namespace's newest scoring that is complete, as 64-bit numbers.
_LABELS = sa.text(
    "SELECT label_ids FROM scoring WHERE space_id = :space AND namespace = :name AND complete ORDER BY id DESC LIMIT 1"
)
_MEMBERS = sa.text("SELECT label_id FROM revision_label WHERE revision_id = :revision")
#: A label that was made anew, as examples came for it after photos were scored: a newer one has the same content.
_RENEWED = sa.text(
    "SELECT 1 FROM revision_label AS member JOIN label AS old ON old.id = member.label_id"
    " JOIN label AS new ON new.name = old.name AND new.id > old.id"
    " WHERE member.revision_id = :revision AND CAST(new.texts AS VARCHAR) = CAST(old.texts AS VARCHAR)"
    " AND CAST(new.examples AS VARCHAR) = CAST(old.examples AS VARCHAR)"
    " AND CAST(new.counterexamples AS VARCHAR) = CAST(old.counterexamples AS VARCHAR) LIMIT 1"
)


def _has_renewed_labels(connection: sa.Connection, revision_id: int) -> bool:
    return connection.execute(_RENEWED, {"revision": revision_id}).first() is not None


def _is_scored_with_older_labels(connection: sa.Connection, space_id: int, name: str, revision_id: int) -> bool:
    """Return whether the scoring has labels that its revision does not have any more.

    A re-tag in another slot with the same revision writes the ids of renewed labels into it.
    """
    newest = connection.execute(_LABELS, {"space": space_id, "name": name}).scalar_one()
    mine = connection.execute(_MEMBERS, {"revision": revision_id}).scalars()
    return set(mine) != {label_id for (label_id,) in struct.iter_unpack("<q", newest)}


def _rename_look() -> None:
    op.create_table(
        "perceptual_hash",
        sa.Column("photo_id", _ID, nullable=False),
        sa.Column("method", _ID, nullable=False),
        sa.Column("bits", sa.LargeBinary(length=8), nullable=False),
        sa.Column("colours", sa.LargeBinary(length=192), nullable=False),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name=op.f("fk_perceptual_hash_photo_id_photo")),
        sa.PrimaryKeyConstraint("photo_id", name=op.f("pk_perceptual_hash")),
    )
    op.execute("INSERT INTO perceptual_hash SELECT photo_id, method, bits, colours FROM look")
    op.drop_table("look")


def downgrade() -> None:
    raise RuntimeError("catalogs are not downgraded; restore the copy that was made before the upgrade")
