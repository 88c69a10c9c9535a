"""The record of the server that a catalog is on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypedDict

if TYPE_CHECKING:
    from store import ServerState


class ServerRecord(TypedDict):
    """The PostgreSQL server that the catalog is on."""

    address: Annotated[str, "Address of the catalog, without its password."]
    version: Annotated[str, "Version of PostgreSQL."]
    pgvector: Annotated[str, "Version of pgvector in the database."]
    bytes: Annotated[int, "Size of the database."]
    standby: Annotated[bool, "Whether it follows another server, and changes nothing itself."]
    writable: Annotated[bool, "Whether this role may change the catalog."]


def server_record(address: str, server: ServerState) -> ServerRecord:
    """Make the record of the server at *address*, which has no password."""
    return {
        "address": address,
        "version": server.version,
        "pgvector": server.pgvector,
        "bytes": server.bytes,
        "standby": server.is_standby,
        "writable": server.may_write,
    }
