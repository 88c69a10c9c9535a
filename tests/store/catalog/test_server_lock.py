"""Locks of a catalog on a server that hold for all machines."""

import time

from store import Catalog
from store.catalog.server_lock import server_lock


def test_a_lock_outlasts_the_time_out_of_connections_that_are_not_used(server):
    with server.database(server.template) as address:
        server.run(f'ALTER DATABASE "{address.rpartition("?")[0].rpartition("/")[2]}" SET idle_session_timeout = 200')
        with Catalog.open(address) as catalog, server_lock(catalog, "moves.lock") as is_held:
            time.sleep(0.5)
            with server_lock(catalog, "moves.lock") as is_held_twice:
                assert (is_held, is_held_twice) == (True, False)
