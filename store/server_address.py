"""Addresses of catalogs on a PostgreSQL server, read without its driver.

A search that the daemon answers loads no driver.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from store.errors import BadCatalogAddress

#: As libpq reads it: what stands before the last `@` of the first part is the role and the password, and several hosts
#: are separated by commas. A mark with a meaning of its own is written as `%40`.
_FORM = re.compile(
    r"(?:postgres|postgresql|postgresql\+psycopg)://"
    r"(?:(?P<role>[^:@/?#]*)(?P<password>:[^@/]*)?@)?"
    r"(?P<hosts>(?:\[[0-9A-Fa-f:.%]+\]|[^][@:/?#,])*(?::\d*)?(?:,(?:\[[0-9A-Fa-f:.%]+\]|[^][@:/?#,])*(?::\d*)?)*)"
    r"(?:/(?P<database>[^@/?#]*))?(?:\?(?P<parameters>[^#]*))?"
)
#: Parameters that say which database is meant; the others say how it is reached, and some of them are secrets.
_SHOWN = ("host", "hostaddr", "port", "service", "dbname", "user")
_SECRETS = ("password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key")
#: Characters of the readable part of `key`.
_LONGEST = 40


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """The address of a catalog on a server. `name` is the address without its password, for people."""

    #: The address as libpq takes it. It may hold the password.
    uri: str = field(repr=False)
    name: str
    #: The address with all its parameters but those that are secrets.
    without_password: str
    #: Names a folder for what belongs to this database, whoever opens it.
    key: str

    @classmethod
    def read(cls, text: str) -> ServerAddress:
        """Read *text*. Raises `BadCatalogAddress`, which does not repeat it."""
        found = _FORM.fullmatch(text)
        if found is None or not text.isprintable() or " " in text:
            raise BadCatalogAddress
        role, hosts, database = (found[part] or "" for part in ("role", "hosts", "database"))
        parameters = _parameters(found["parameters"] or "")
        shown = {name: parameters[name] for name in _SHOWN if name in parameters}
        if not (database or shown.get("dbname") or shown.get("service")):
            raise BadCatalogAddress
        start = f"postgresql://{role}{'@' if role else ''}{hosts}/{database}"
        public = {name: value for name, value in parameters.items() if name not in _SECRETS}
        return cls(
            f"postgresql://{text.partition('://')[2]}",
            _with_query(start, shown).replace("%2F", "/").replace("%2f", "/"),
            _with_query(start, public),
            _key(hosts, database, shown, parameters.get("options", "")),
        )


def is_server(text: str) -> bool:
    """Return whether *text* is meant as the address of a server, and not as a path."""
    return "://" in text


def _with_query(start: str, parameters: dict[str, str]) -> str:
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    return f"{start}?{query}" if query else start


def _parameters(text: str) -> dict[str, str]:
    """The parameters after the question mark, their values as they are written. Raises `BadCatalogAddress`."""
    pairs = [part.partition("=") for part in text.split("&") if part]
    if not all(equals for _, equals, _ in pairs):
        raise BadCatalogAddress
    # Libpq reads names that are written with %, too: a password would else be taken for something public.
    return {unquote(name): value for name, _, value in pairs}


def _key(hosts: str, database: str, shown: dict[str, str], options: str) -> str:
    where = {name: unquote(value) for name, value in shown.items() if name != "user"}
    words = [
        unquote(hosts) or where.get("host", ""),
        unquote(database) or where.get("dbname", where.get("service", "")),
    ]
    identity = "\n".join([unquote(hosts).lower(), unquote(database), *map(repr, sorted(where.items())), options])
    readable = "-".join(re.sub(r"[^A-Za-z0-9._-]+", "-", word).strip("-.").lower() for word in words if word)
    return f"{readable[:_LONGEST].strip('-.')}-{hashlib.sha256(identity.encode()).hexdigest()[:8]}".lstrip("-")
