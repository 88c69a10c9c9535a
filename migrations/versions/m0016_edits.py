"""Edits: miniatures of photos, the photos that paths held before, and the edits that tags moved at."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None
#: True if a copy of the catalog is made before this runs.
rewrites_data = False

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_label = sa.table("label", sa.column("examples", sa.JSON), sa.column("counterexamples", sa.JSON))
_example = sa.table("example_content", sa.column("content_hash", sa.LargeBinary))


def upgrade() -> None:
    op.create_table(
        "miniature",
        sa.Column("photo_id", _ID, nullable=False),
        sa.Column("pixels", sa.LargeBinary(length=514), nullable=False),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name=op.f("fk_miniature_photo_id_photo")),
        sa.PrimaryKeyConstraint("photo_id", name=op.f("pk_miniature")),
    )
    op.create_table(
        "former_photo",
        sa.Column("folder_id", _ID, nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("photo_id", _ID, nullable=False),
        sa.Column("newest_id", _ID, nullable=False),
        sa.Column("compared_id", _ID, nullable=True),
        sa.ForeignKeyConstraint(["folder_id"], ["folder.id"], name=op.f("fk_former_photo_folder_id_folder")),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name=op.f("fk_former_photo_photo_id_photo")),
        sa.PrimaryKeyConstraint("folder_id", "path", name=op.f("pk_former_photo")),
    )
    op.create_index(op.f("ix_former_photo_photo_id"), "former_photo", ["photo_id"], unique=False)
    op.create_table(
        "photo_edit",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("photo_id", _ID, nullable=False),
        sa.Column("content_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name=op.f("fk_photo_edit_photo_id_photo")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photo_edit")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_photo_edit_photo_id"), "photo_edit", ["photo_id"], unique=False)
    op.create_table(
        "example_content",
        sa.Column("content_hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("content_hash", name=op.f("pk_example_content")),
    )
    _fill(op.get_bind())


def _fill(connection: sa.Connection) -> None:
    """Note the examples of the labels that there are."""
    # PostgreSQL compares no JSON, but texts.
    filled = (sa.cast(each, sa.Text) != "[]" for each in _label.c)
    rows = connection.execute(sa.select(_label).where(sa.or_(*filled)))
    contents = {bytes.fromhex(each) for row in rows for side in row for each in side}
    if contents:
        connection.execute(_example.insert(), [{"content_hash": content} for content in sorted(contents)])


def downgrade() -> None:
    raise RuntimeError("catalogs are not downgraded; restore the copy that was made before the upgrade")
