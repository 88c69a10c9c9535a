"""Several servers: searches go to a hot standby, which takes over when the first server is gone."""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from store import Catalog
from tests.store import postgres

from .on_server import OnServer, fill, paint

#: Seconds for a commit to get to the standby, and for that one to take over.
_PATIENCE = 60


@pytest.fixture
def folders():
    """Two empty folders with short paths, in which sockets can be."""
    made = [Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp")) for _ in range(2)]
    yield made
    for folder in made:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.skipif(postgres.ADDRESS is not None, reason="it starts two servers of its own")
def test_a_standby_answers_searches_and_takes_over(folders, tmp_path, checkpoint, vocabulary, capsys):
    if (reason := postgres.why_not()) is not None:
        (pytest.fail if postgres.WANTED else pytest.skip)(reason)
    first, second = folders
    with ExitStack() as first_lives, ExitStack() as second_lives:
        primary = first_lives.enter_context(postgres.started(first))
        primary.run("CREATE DATABASE photos TEMPLATE template0 ENCODING 'UTF8'")
        pictures = fill(primary.address("photos"), tmp_path, checkpoint, vocabulary)
        standby = second_lives.enter_context(postgres.following(first, second))

        def photos(hosts, wanted):
            address = f"postgresql://postgres@/photos?host={hosts}&target_session_attrs={wanted}"
            return OnServer(primary, address, tmp_path, pictures, capsys)

        both = f"{first},{second}"
        reading, writing = photos(both, "prefer-standby"), photos(both, "read-write")
        expected = writing("search", "red", "--json")
        assert expected.status == 0
        found = reading("search", "red", "--json")
        assert (found.status, found.out) == (0, expected.out)
        assert reading("search", "words that are new").status == 0
        assert "a standby, which only reads" in reading("status").out
        refused = reading("tag", pictures / "red.png", "+mine")
        assert refused.status == 1
        assert "cannot be changed" in refused.err

        # What is committed gets there soon.
        assert writing("tag", pictures / "red.png", "+mine").status == 0
        _until(lambda: reading("search", "tag:mine", "--json").status == 0)
        address = f"postgresql://postgres@/photos?host={both}&target_session_attrs=read-write"
        with Catalog.open(address) as kept:
            with kept.read() as t:
                assert t.photos.count() == 6
            first_lives.close()
            standby.run("SELECT pg_promote()")
            # A catalog that is open finds the new primary by itself.
            with kept.write() as t:
                t.library.set_indexing(False)

        assert writing("search", "red", "--json").out == reading("search", "red", "--json").out
        paint(pictures, ["black", "shade"])
        assert writing("index").status == 0
        assert len(writing.embeddings()) == 7
        assert reading("search", "tag:mine", "--json").status == 0


def _until(is_true):
    until = time.monotonic() + _PATIENCE
    while not is_true():
        assert time.monotonic() < until
        time.sleep(0.05)
