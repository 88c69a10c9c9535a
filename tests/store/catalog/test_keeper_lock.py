"""The lock of the process that keeps a catalog on a server up to date."""

import os

import pytest

from store import Catalog, DatabaseReadOnly
from store.catalog.keeper_lock import KeeperLock


def test_a_lock_that_was_not_granted_is_not_taken_for_one_that_is_held(server):
    role = f"photos_test_{os.getpid()}_keeper"
    with server.database(server.template) as address:
        database = address.partition("?")[0].rpartition("/")[2]
        server.run(f"CREATE ROLE {role} LOGIN")
        server.run(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}", database)
        server.run("REVOKE EXECUTE ON FUNCTION pg_try_advisory_lock(bigint) FROM PUBLIC", database)
        try:
            theirs = address.replace("//postgres@", f"//{role}@")
            with Catalog.open(theirs) as catalog, KeeperLock(catalog) as lock:
                for _ in range(2):
                    with pytest.raises(DatabaseReadOnly):
                        lock.take()
        finally:
            server.run(f"DROP OWNED BY {role}", database)
            server.run(f"DROP ROLE {role}")
