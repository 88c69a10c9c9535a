"""Deletions of a model that end in the middle, as after a kill."""

from __future__ import annotations

import itertools
import shutil

import pytest

from photos.operations.models.spaces import forget_model
from store import Catalog, MappedRows
from store.sql.sqlite import SQLiteDatabase
from store.sql.upgrade import upgrade
from tests.photos.encoders import COLOURS, make_checkpoint
from tests.photos.operations.test_retag import opened

#: Rows of each part of a deletion.
ROWS = 3


class Killed(Exception):
    pass


class EndingDatabase(SQLiteDatabase):
    """A database that lets so many writing transactions begin and no more."""

    left = 0

    def begin(self, *, writes, patience=None, beside=False):
        self.left -= writes
        if self.left < 0:
            raise Killed
        return super().begin(writes=writes, patience=patience, beside=beside)


@pytest.fixture
def turned(tmp_path):
    return str(make_checkpoint(tmp_path / "turned", seed=3))


@pytest.fixture
def tried(filled, turned):
    """The program, with a second model that has all photos and tags."""
    assert filled("model", "try", turned).status == 0
    return filled


def answers(program):
    """The order and the scores of all photos in a search, and the tags."""
    return program("search", "a red thing", "--all", "--json").out, program("tags", "--json").out


def half_forgotten(program, name):
    """The library in each state in which a kill leaves it while it forgets the model, and at last without the model."""
    sound = program.library.with_name("sound")
    shutil.copytree(program.library, sound)
    for transactions in itertools.count(1):
        shutil.rmtree(program.library)
        shutil.copytree(sound, program.library)
        is_forgotten = forget(program, name, transactions)
        yield is_forgotten
        if is_forgotten:
            return


def forget(program, name, transactions):
    """Forget the model, until so many transactions have written. Returns whether that was its end."""
    database = EndingDatabase.open(program.library / "catalog.sqlite3", upgrade)
    database.left = transactions
    with opened(program) as library:
        library.catalog = Catalog(database, MappedRows(library.settings.index_folder))
        try:
            forget_model(library, name, rows=ROWS)
        except Killed:
            return False
    return True


def check_is_gone(program):
    """Check that nothing is left of the second model: no row of any table, no file of the index."""
    with opened(program) as library, library.catalog.read() as t:
        rows = lambda query: t.connection.exec_driver_sql(query).scalars().all()  # noqa: E731 - used twice
        tables = ("embedding", "embedding_change", "text_vector", "label_vector", "scoring", "calibration")
        tables += ("slot_state",)
        # Slots have a state of their own before a model is chosen, under 0.
        assert {space for table in tables for space in rows(f"SELECT DISTINCT space_id FROM {table}")} == {0, 1}
        assert rows("SELECT DISTINCT s.space_id FROM photo_scores JOIN scoring AS s ON s.id = scoring_id") == [1]
        assert [space.id for space in t.spaces.all()] == [1]
        assert t.library.trial() is None
    assert {path.name[:8] for path in (program.library / "index").iterdir()} == {"space-1-", "space-1."}


def test_a_killed_deletion_leaves_the_answers_and_a_second_ends_it(tried, turned):
    before, states = answers(tried), 0
    for is_forgotten in half_forgotten(tried, turned):
        assert answers(tried) == before
        assert tried("verify").status == 0
        assert tried("model", "switch", turned).status != 0, "it lacks photos and tags"
        if not is_forgotten:
            states += 1
            # Its row goes last.
            assert tried("model", "forget", turned).status == 0
            assert answers(tried) == before
        check_is_gone(tried)
    assert states > len(COLOURS) / ROWS


def test_a_trial_goes_on_after_a_killed_deletion(tried, turned):
    before = answers(tried)
    assert tried("model", "switch").status == 0
    there = answers(tried)
    assert there != before
    assert tried("model", "rollback").status == 0
    for _ in half_forgotten(tried, turned):
        assert tried("model", "try", turned).status == 0
        assert tried("model", "switch").status == 0
        assert answers(tried) == there
        assert tried("verify").status == 0
