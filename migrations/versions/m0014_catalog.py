"""Every table, as catalogs had them at this revision. Older catalogs are refused."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = None
branch_labels = None
depends_on = None
#: True if a copy of the catalog is made before this runs.
rewrites_data = False

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


class _Halfvec(sa.types.UserDefinedType[object]):
    """A vector of pgvector, in half precision."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "HALFVEC"


def upgrade() -> None:
    op.create_table(
        "attempt",
        sa.Column("content_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("tries", _ID, nullable=False),
        sa.Column("last_at", sa.DateTime(), nullable=False),
        sa.Column("reason", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("content_hash", name=op.f("pk_attempt")),
    )
    op.create_table(
        "folder",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("excludes", sa.JSON(), server_default="[]", nullable=False),
        sa.Column("device", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_folder")),
        sa.UniqueConstraint("path", name=op.f("uq_folder_path")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "label",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("examples", sa.JSON(), server_default="[]", nullable=False),
        sa.Column("counterexamples", sa.JSON(), server_default="[]", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label")),
        sa.UniqueConstraint("digest", name=op.f("uq_label_digest")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "namespace_folder",
        sa.Column("namespace", _TEXT, nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("namespace", "path", name=op.f("pk_namespace_folder")),
    )
    op.create_table(
        "photo",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("content_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("width", _ID, nullable=False),
        sa.Column("height", _ID, nullable=False),
        sa.Column("format", _TEXT, nullable=False),
        sa.Column("taken_at", sa.DateTime(), nullable=True),
        sa.Column("taken_offset", _ID, nullable=True),
        sa.Column("camera", _TEXT, nullable=True),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("added_at", sa.DateTime(), nullable=False),
        sa.Column("gone_at", sa.DateTime(), nullable=True),
        sa.Column("lens", _TEXT, nullable=True),
        sa.Column("focal_length", sa.Float(), nullable=True),
        sa.Column("aperture", sa.Float(), nullable=True),
        sa.Column("exposure", sa.Float(), nullable=True),
        sa.Column("iso", _ID, nullable=True),
        sa.Column("rating", _ID, nullable=True),
        sa.Column("caption", _TEXT, nullable=True),
        sa.Column("keywords", sa.JSON(), server_default="[]", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photo")),
        sa.UniqueConstraint("content_hash", name=op.f("uq_photo_content_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_photo_camera"),
        "photo",
        ["camera"],
        unique=False,
        sqlite_where=sa.text("camera IS NOT NULL"),
        postgresql_where=sa.text("camera IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_photo_latitude_longitude"),
        "photo",
        ["latitude", "longitude"],
        unique=False,
        sqlite_where=sa.text("latitude IS NOT NULL"),
        postgresql_where=sa.text("latitude IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_photo_lens"),
        "photo",
        ["lens"],
        unique=False,
        sqlite_where=sa.text("lens IS NOT NULL"),
        postgresql_where=sa.text("lens IS NOT NULL"),
    )
    op.create_index(op.f("ix_photo_taken_at"), "photo", ["taken_at"], unique=False)
    op.create_table(
        "sidecar_run",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("undone_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sidecar_run")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "space",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("model", _TEXT, nullable=False),
        sa.Column("weights_hash", _TEXT, nullable=False),
        sa.Column("preprocessing", _TEXT, nullable=False),
        sa.Column("precision", _TEXT, nullable=False),
        sa.Column("dimension", _ID, nullable=False),
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
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vocabulary")),
        sa.UniqueConstraint("name", name=op.f("uq_vocabulary_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "weights",
        sa.Column("stamp", _TEXT, nullable=False),
        sa.Column("hash", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("stamp", name=op.f("pk_weights")),
    )
    op.create_table(
        "calibration",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("space_id", _ID, nullable=False),
        sa.Column("photos", _ID, nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], name=op.f("fk_calibration_space_id_space")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calibration")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "embedding",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("space_id", _ID, nullable=False),
        sa.Column("photo_id", _ID, nullable=False),
        sa.Column("vector", sa.LargeBinary().with_variant(_Halfvec(), "postgresql"), nullable=False),
        sa.Column("checksum", sa.BigInteger(), nullable=False),
        sa.Column("pixels", sa.LargeBinary(length=16), nullable=True),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name=op.f("fk_embedding_photo_id_photo")),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], name=op.f("fk_embedding_space_id_space")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_embedding")),
        sa.UniqueConstraint("space_id", "photo_id", name=op.f("uq_embedding_space_id_photo_id")),
        # Vectors of more than 2 kB would be kept apart from their rows, where a scan takes four times as long.
        postgresql_with={"toast_tuple_target": 8160},
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_embedding_space_id_pixels"), "embedding", ["space_id", "pixels"], unique=False)
    op.create_table(
        "embedding_change",
        sa.Column("seq", _ID, autoincrement=True, nullable=False),
        sa.Column("space_id", _ID, nullable=False),
        sa.Column("photo_id", _ID, nullable=False),
        sa.Column("op", _TEXT, nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("op IN ('put', 'delete')", name=op.f("ck_embedding_change_op")),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], name=op.f("fk_embedding_change_space_id_space")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_embedding_change")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_embedding_change_space_id_seq"), "embedding_change", ["space_id", "seq"], unique=False)
    op.create_table(
        "file",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("folder_id", _ID, nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("ctime_ns", sa.BigInteger(), nullable=False),
        sa.Column("inode", sa.BigInteger(), nullable=False),
        sa.Column("outcome", _TEXT, nullable=False),
        sa.Column("reason", _TEXT, nullable=True),
        sa.Column("photo_id", _ID, nullable=True),
        sa.Column("companion_of", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("(outcome = 'indexed') = (photo_id IS NOT NULL)", name=op.f("ck_file_indexed_has_photo")),
        sa.ForeignKeyConstraint(["folder_id"], ["folder.id"], name=op.f("fk_file_folder_id_folder")),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name=op.f("fk_file_photo_id_photo")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file")),
        sa.UniqueConstraint("folder_id", "path", name=op.f("uq_file_folder_id_path")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_file_companion_of"),
        "file",
        ["companion_of"],
        unique=False,
        sqlite_where=sa.text("companion_of IS NOT NULL"),
        postgresql_where=sa.text("companion_of IS NOT NULL"),
    )
    op.create_index(op.f("ix_file_photo_id"), "file", ["photo_id"], unique=False)
    op.create_table(
        "former_content",
        sa.Column("content_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("photo_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name=op.f("fk_former_content_photo_id_photo")),
        sa.PrimaryKeyConstraint("content_hash", name=op.f("pk_former_content")),
    )
    op.create_index(op.f("ix_former_content_photo_id"), "former_content", ["photo_id"], unique=False)
    op.create_table(
        "label_vector",
        sa.Column("label_id", _ID, nullable=False),
        sa.Column("space_id", _ID, nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("examples", _ID, server_default="0", nullable=False),
        sa.Column("minimum", sa.Float(), nullable=True),
        sa.Column("text_share", sa.Float(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["label_id"], ["label.id"], name=op.f("fk_label_vector_label_id_label")),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], name=op.f("fk_label_vector_space_id_space")),
        sa.PrimaryKeyConstraint("label_id", "space_id", name=op.f("pk_label_vector")),
    )
    op.create_table(
        "look",
        sa.Column("photo_id", _ID, nullable=False),
        sa.Column("method", _ID, nullable=False),
        sa.Column("bits", sa.LargeBinary(length=8), nullable=False),
        sa.Column("colours", sa.LargeBinary(length=192), nullable=False),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name=op.f("fk_look_photo_id_photo")),
        sa.PrimaryKeyConstraint("photo_id", name=op.f("pk_look")),
    )
    op.create_table(
        "revision",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("vocabulary_id", _ID, nullable=False),
        sa.Column("number", _ID, nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("exclusive", sa.JSON(), server_default="[]", nullable=False),
        sa.ForeignKeyConstraint(
            ["vocabulary_id"], ["vocabulary.id"], name=op.f("fk_revision_vocabulary_id_vocabulary")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revision")),
        sa.UniqueConstraint("vocabulary_id", "number", name=op.f("uq_revision_vocabulary_id_number")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "sidecar_write",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("sidecar_run_id", _ID, nullable=False),
        sa.Column("photo_id", _ID, nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("before", sa.LargeBinary(), nullable=True),
        sa.Column("after_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("undone", sa.Boolean(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["sidecar_run_id"], ["sidecar_run.id"], name=op.f("fk_sidecar_write_sidecar_run_id_sidecar_run")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sidecar_write")),
        sa.UniqueConstraint("sidecar_run_id", "path", name=op.f("uq_sidecar_write_sidecar_run_id_path")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_sidecar_write_path"), "sidecar_write", ["path"], unique=False)
    op.create_table(
        "tag",
        sa.Column("photo_id", _ID, nullable=False),
        sa.Column("label_id", _ID, nullable=False),
        sa.Column("source", _TEXT, nullable=False),
        sa.Column("origin", _TEXT, server_default="", nullable=False),
        sa.CheckConstraint("(source = 'imported') = (origin <> '')", name=op.f("ck_tag_imported_has_origin")),
        sa.CheckConstraint("source IN ('user', 'rejected', 'imported')", name=op.f("ck_tag_source")),
        sa.ForeignKeyConstraint(["label_id"], ["label.id"], name=op.f("fk_tag_label_id_label")),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name=op.f("fk_tag_photo_id_photo")),
        sa.PrimaryKeyConstraint("photo_id", "label_id", "source", "origin", name=op.f("pk_tag")),
    )
    op.create_index(op.f("ix_tag_label_id_photo_id"), "tag", ["label_id", "photo_id"], unique=False)
    op.create_table(
        "tag_event",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("photo_id", _ID, nullable=False),
        sa.Column("label_id", _ID, nullable=False),
        sa.Column("what", _TEXT, nullable=False),
        sa.Column("origin", _TEXT, nullable=True),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("what IN ('added', 'rejected', 'cleared', 'imported')", name=op.f("ck_tag_event_what")),
        sa.ForeignKeyConstraint(["label_id"], ["label.id"], name=op.f("fk_tag_event_label_id_label")),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name=op.f("fk_tag_event_photo_id_photo")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag_event")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_tag_event_photo_id"), "tag_event", ["photo_id"], unique=False)
    op.create_table(
        "text_vector",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("space_id", _ID, nullable=False),
        sa.Column("text", _TEXT, nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], name=op.f("fk_text_vector_space_id_space")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_text_vector")),
        sa.UniqueConstraint("space_id", "text", name=op.f("uq_text_vector_space_id_text")),
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
    op.create_table(
        "library",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("model", sa.LargeBinary(), nullable=True),
        sa.Column("space_id", _ID, nullable=True),
        sa.Column("revision_id", _ID, nullable=True),
        sa.Column("retag_pending", sa.Boolean(), nullable=False),
        sa.Column("decoders", _TEXT, nullable=True),
        sa.Column("indexing", sa.Boolean(), server_default="0", nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_library_one_row")),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_library_revision_id_revision")),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], name=op.f("fk_library_space_id_space")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_library")),
    )
    op.create_table(
        "namespace",
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("revision_id", _ID, nullable=True),
        sa.Column("retag_pending", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_namespace_revision_id_revision")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_namespace")),
    )
    op.create_table(
        "revision_label",
        sa.Column("revision_id", _ID, nullable=False),
        sa.Column("position", _ID, nullable=False),
        sa.Column("label_id", _ID, nullable=False),
        sa.Column("category", _TEXT, nullable=True),
        sa.Column("aliases", sa.JSON(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=True),
        sa.Column("parents", sa.JSON(), server_default="[]", nullable=False),
        sa.ForeignKeyConstraint(["label_id"], ["label.id"], name=op.f("fk_revision_label_label_id_label")),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_revision_label_revision_id_revision")),
        sa.PrimaryKeyConstraint("revision_id", "position", name=op.f("pk_revision_label")),
    )
    op.create_table(
        "scoring",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("space_id", _ID, nullable=False),
        sa.Column("revision_id", _ID, nullable=False),
        sa.Column("edition", _ID, nullable=False),
        sa.Column("label_ids", sa.LargeBinary(), nullable=False),
        sa.Column("offsets", sa.LargeBinary(), nullable=False),
        sa.Column("change_seq", sa.BigInteger(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("namespace", _TEXT, server_default="", nullable=False),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_scoring_revision_id_revision")),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], name=op.f("fk_scoring_space_id_space")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scoring")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "least_rank",
        sa.Column("scoring_id", _ID, nullable=False),
        sa.Column("page", _ID, autoincrement=False, nullable=False),
        sa.Column("ranks", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["scoring_id"], ["scoring.id"], name=op.f("fk_least_rank_scoring_id_scoring")),
        sa.PrimaryKeyConstraint("scoring_id", "page", name=op.f("pk_least_rank")),
    )
    op.create_table(
        "photo_scores",
        sa.Column("scoring_id", _ID, nullable=False),
        sa.Column("photo_id", _ID, nullable=False),
        sa.Column("label_ids", sa.LargeBinary(), nullable=False),
        sa.Column("cosines", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["scoring_id"], ["scoring.id"], name=op.f("fk_photo_scores_scoring_id_scoring")),
        sa.PrimaryKeyConstraint("scoring_id", "photo_id", name=op.f("pk_photo_scores")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    raise RuntimeError("catalogs are not downgraded; restore the copy that was made before the upgrade")
