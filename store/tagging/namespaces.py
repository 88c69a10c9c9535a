"""The vocabularies in force: the main one, and those beside it, each under a namespace and for folders if wanted."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, func, insert, literal, select, update

from store.records import InForce
from store.sql import schema
from store.sql.dialect import upsert

_namespace, _folder, _library = schema.namespace, schema.namespace_folder, schema.library
_revision, _vocabulary, _member = schema.revision, schema.vocabulary, schema.revision_label


class Namespaces:
    """Which revisions are in force under which names. The main vocabulary's name is empty; it has no folders."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def names(self) -> list[str]:
        """Every namespace, the main one first, and those of which the first re-tag has only begun."""
        return ["", *self._connection.execute(select(_namespace.c.name).order_by(_namespace.c.name)).scalars()]

    def in_force(self) -> list[InForce]:
        """Every vocabulary in force: the main one first, the others by namespace."""
        main = select(literal("").label("namespace"), _library.c.revision_id)
        used = main.union_all(select(_namespace.c.name, _namespace.c.revision_id)).subquery()
        size = select(func.count()).where(_member.c.revision_id == _revision.c.id).scalar_subquery()
        rows = self._connection.execute(
            select(used.c.namespace, _vocabulary.c.name, _revision.c.id, _revision.c.number, size.label("size"))
            .select_from(used)
            .join(_revision, _revision.c.id == used.c.revision_id)
            .join(_vocabulary)
            .order_by(used.c.namespace)
        )
        return [InForce(r.namespace, r.name, r.id, r.number, r.size, self.folders(r.namespace)) for r in rows]

    def revision_id(self, name: str) -> int | None:
        """The revision in force under that name, if there is one."""
        return self._connection.execute(select(_namespace.c.revision_id).where(_namespace.c.name == name)).scalar()

    def retag_pending(self, name: str) -> bool:
        """Whether a re-tag is owed there."""
        found = select(_namespace.c.retag_pending).where(_namespace.c.name == name)
        return bool(self._connection.execute(found).scalar())

    def set(self, name: str, **values: object) -> None:
        """Keep these *values* of the namespace, which is made if there is none of that name."""
        self._connection.execute(upsert(_namespace).values(name=name, retag_pending=False).on_conflict_do_nothing())
        self._connection.execute(update(_namespace).where(_namespace.c.name == name).values(**values))

    def folders(self, name: str) -> tuple[bytes, ...]:
        """The absolute paths below which its labels are shown; none for everywhere."""
        found = select(_folder.c.path).where(_folder.c.namespace == name).order_by(_folder.c.path)
        return tuple(self._connection.execute(found).scalars())

    def limit(self, name: str, folders: Sequence[bytes]) -> None:
        """Show its labels below these *folders* alone, absolute; or everywhere, if there are none."""
        self._connection.execute(delete(_folder).where(_folder.c.namespace == name))
        rows = [{"namespace": name, "path": path} for path in dict.fromkeys(folders)]
        if rows:
            self._connection.execute(insert(_folder), rows)

    def move(self, old: bytes, new: bytes) -> None:
        """What was at or below the folder *old* is at or below *new* from now on; both absolute."""
        start = old.rstrip(b"/")
        for name in self._connection.execute(select(_folder.c.namespace).distinct()).scalars().all():
            folders = self.folders(name)
            # All at once: where a folder moves into itself, one's new place may be another's old one.
            moved = [
                new.rstrip(b"/") + path[len(start) :] if path == old or path.startswith(start + b"/") else path
                for path in folders
            ]
            if moved != list(folders):
                self.limit(name, moved)

    def drop(self, name: str) -> None:
        """Take it out of force. What photos were scored with is `Scores.drop`'s."""
        self._connection.execute(delete(_folder).where(_folder.c.namespace == name))
        self._connection.execute(delete(_namespace).where(_namespace.c.name == name))
