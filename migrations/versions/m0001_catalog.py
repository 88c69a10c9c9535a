"""Every table."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None
#: Whether a copy of the catalog is made before this runs.
rewrites_data = False


def upgrade() -> None:

    op.create_table(
        "folder",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_folder")),
        sa.UniqueConstraint("path", name=op.f("uq_folder_path")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "label",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label")),
        sa.UniqueConstraint("digest", name=op.f("uq_label_digest")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "photo",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("content_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("taken_at", sa.DateTime(), nullable=True),
        sa.Column("taken_offset", sa.Integer(), nullable=True),
        sa.Column("camera", sa.String(), nullable=True),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("added_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photo")),
        sa.UniqueConstraint("content_hash", name=op.f("uq_photo_content_hash")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "space",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("weights_hash", sa.String(), nullable=False),
        sa.Column("preprocessing", sa.String(), nullable=False),
        sa.Column("precision", sa.String(), nullable=False),
        sa.Column("dimension", sa.Integer(), nullable=False),
        sa.Column("logit_scale", sa.Float(), nullable=False),
        sa.Column("logit_bias", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_space")),
        sa.UniqueConstraint(
            "weights_hash", "preprocessing", "precision", name=op.f("uq_space_weights_hash_preprocessing_precision")
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "vocabulary",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vocabulary")),
        sa.UniqueConstraint("name", name=op.f("uq_vocabulary_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "weights",
        sa.Column("stamp", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("stamp", name=op.f("pk_weights")),
    )
    op.create_table(
        "embedding",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("space_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("photo_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("checksum", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name=op.f("fk_embedding_photo_id_photo")),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], name=op.f("fk_embedding_space_id_space")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_embedding")),
        sa.UniqueConstraint("space_id", "photo_id", name=op.f("uq_embedding_space_id_photo_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "embedding_change",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("space_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("photo_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("op", sa.String(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("op IN ('put', 'delete')", name=op.f("ck_embedding_change_op")),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name=op.f("fk_embedding_change_photo_id_photo")),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], name=op.f("fk_embedding_change_space_id_space")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_embedding_change")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("embedding_change", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_embedding_change_space_id_seq"), ["space_id", "seq"], unique=False)

    op.create_table(
        "file",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("folder_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("ctime_ns", sa.BigInteger(), nullable=False),
        sa.Column("inode", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("photo_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint("(outcome = 'indexed') = (photo_id IS NOT NULL)", name=op.f("ck_file_indexed_has_photo")),
        sa.ForeignKeyConstraint(["folder_id"], ["folder.id"], name=op.f("fk_file_folder_id_folder")),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name=op.f("fk_file_photo_id_photo")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file")),
        sa.UniqueConstraint("folder_id", "path", name=op.f("uq_file_folder_id_path")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("file", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_file_photo_id"), ["photo_id"], unique=False)

    op.create_table(
        "label_vector",
        sa.Column("label_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("space_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["label_id"], ["label.id"], name=op.f("fk_label_vector_label_id_label")),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], name=op.f("fk_label_vector_space_id_space")),
        sa.PrimaryKeyConstraint("label_id", "space_id", name=op.f("pk_label_vector")),
    )
    op.create_table(
        "revision",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("vocabulary_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["vocabulary_id"], ["vocabulary.id"], name=op.f("fk_revision_vocabulary_id_vocabulary")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revision")),
        sa.UniqueConstraint("vocabulary_id", "number", name=op.f("uq_revision_vocabulary_id_number")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "tag",
        sa.Column("photo_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("label_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=True),
        sa.Column("space_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("cosine", sa.Float(), nullable=True),
        sa.CheckConstraint(
            "source <> 'auto' OR (cosine IS NOT NULL AND space_id IS NOT NULL)", name=op.f("ck_tag_auto_has_score")
        ),
        sa.CheckConstraint("source IN ('auto', 'user', 'rejected', 'imported')", name=op.f("ck_tag_source")),
        sa.ForeignKeyConstraint(["label_id"], ["label.id"], name=op.f("fk_tag_label_id_label")),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name=op.f("fk_tag_photo_id_photo")),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], name=op.f("fk_tag_space_id_space")),
        sa.PrimaryKeyConstraint("photo_id", "label_id", "source", name=op.f("pk_tag")),
    )
    with op.batch_alter_table("tag", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tag_label_id_photo_id"), ["label_id", "photo_id"], unique=False)

    op.create_table(
        "text_vector",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("space_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], name=op.f("fk_text_vector_space_id_space")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_text_vector")),
        sa.UniqueConstraint("space_id", "text", name=op.f("uq_text_vector_space_id_text")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "library",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("model", sa.LargeBinary(), nullable=True),
        sa.Column("space_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("revision_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("retag_pending", sa.Boolean(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_library_one_row")),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_library_revision_id_revision")),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], name=op.f("fk_library_space_id_space")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_library")),
    )
    op.create_table(
        "revision_label",
        sa.Column("revision_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("label_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("aliases", sa.JSON(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["label_id"], ["label.id"], name=op.f("fk_revision_label_label_id_label")),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_revision_label_revision_id_revision")),
        sa.PrimaryKeyConstraint("revision_id", "position", name=op.f("pk_revision_label")),
    )


def downgrade() -> None:
    raise RuntimeError("catalogs are not downgraded; restore the copy that was made before the upgrade")
