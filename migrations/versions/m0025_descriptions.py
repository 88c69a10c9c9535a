"""Descriptions by other models, the words of captions with a full-text index, and the vectors of captions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.words import words_of

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None
#: True if a copy of the catalog is made before this runs.
rewrites_data = False

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
#: Captions in memory at once.
_PART = 5000

# Words hold letters, digits and marks alone and are folded already: this tokenizer splits them at the spaces, and folds
# no more than ASCII.
_INDEX = """
CREATE VIRTUAL TABLE photo_words USING fts5 (
    words, content = 'photo_text', content_rowid = 'id', columnsize = 0, tokenize = 'ascii'
)
"""
_ADD = "INSERT INTO photo_words (rowid, words) VALUES (new.id, new.words);"
_DELETE = "INSERT INTO photo_words (photo_words, rowid, words) VALUES ('delete', old.id, old.words);"
_TRIGGERS = (
    f"CREATE TRIGGER photo_text_added AFTER INSERT ON photo_text BEGIN {_ADD} END",
    f"CREATE TRIGGER photo_text_deleted AFTER DELETE ON photo_text BEGIN {_DELETE} END",
    f"CREATE TRIGGER photo_text_changed AFTER UPDATE ON photo_text BEGIN {_DELETE} {_ADD} END",
)
# Of PostgreSQL. Words that do not fit into an entry are left out.
_LIST_INDEX = """
CREATE INDEX photo_words ON photo_text
USING gin (string_to_array(regexp_replace(words, '[^ ]{251,}', '', 'g'), ' '))
"""


class _Halfvec(sa.types.UserDefinedType[object]):
    """A vector of pgvector, in half precision."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "HALFVEC"


def upgrade() -> None:
    op.create_table(
        "description",
        sa.Column("photo_id", _ID, nullable=False),
        sa.Column("origin", _TEXT, nullable=False),
        sa.Column("tasks", sa.JSON(), nullable=False),
        sa.Column("caption", _TEXT, nullable=True),
        sa.Column("labels", sa.JSON(), server_default="[]", nullable=False),
        sa.Column("text", _TEXT, nullable=True),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name=op.f("fk_description_photo_id_photo")),
        sa.PrimaryKeyConstraint("photo_id", "origin", name=op.f("pk_description")),
    )
    op.create_index(op.f("ix_description_origin"), "description", ["origin"])
    op.create_table(
        "photo_text",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("photo_id", _ID, nullable=False),
        sa.Column("origin", _TEXT, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("words", _TEXT, nullable=False),
        sa.CheckConstraint("kind IN ('caption', 'text')", name=op.f("ck_photo_text_kind")),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name=op.f("fk_photo_text_photo_id_photo")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photo_text")),
        sa.UniqueConstraint("photo_id", "origin", "kind", name=op.f("uq_photo_text_photo_id_origin_kind")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "caption_vector",
        sa.Column("photo_id", _ID, nullable=False),
        sa.Column("space_id", _ID, nullable=False),
        sa.Column("caption_digest", sa.LargeBinary(length=16), nullable=False),
        sa.Column("vector", sa.LargeBinary().with_variant(_Halfvec(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name=op.f("fk_caption_vector_photo_id_photo")),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], name=op.f("fk_caption_vector_space_id_space")),
        sa.PrimaryKeyConstraint("photo_id", "space_id", name=op.f("pk_caption_vector")),
        # As the vectors of photos.
        postgresql_with={"toast_tuple_target": 8160},
    )
    _fill(op.get_bind())
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_LIST_INDEX)
        return
    op.execute(_INDEX)
    op.execute("INSERT INTO photo_words (photo_words) VALUES ('rebuild')")
    for trigger in _TRIGGERS:
        op.execute(trigger)


def _fill(connection: sa.Connection) -> None:
    """Store the words of the captions that the catalog has."""
    some = sa.text("SELECT id, caption FROM photo WHERE caption IS NOT NULL AND id > :last ORDER BY id LIMIT :part")
    add = sa.text("INSERT INTO photo_text (photo_id, origin, kind, words) VALUES (:photo_id, '', 'caption', :words)")
    last = 0
    while captions := connection.execute(some, {"last": last, "part": _PART}).all():
        texts = [{"photo_id": row.id, "words": " ".join(words_of(row.caption))} for row in captions]
        if rows := [each for each in texts if each["words"]]:
            connection.execute(add, rows)
        last = captions[-1].id


def downgrade() -> None:
    raise RuntimeError("catalogs are not downgraded; restore the copy that was made before the upgrade")
