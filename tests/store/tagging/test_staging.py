"""Large vocabularies are written in short transactions, and show as whole revisions or not at all."""

from __future__ import annotations

import pytest

from store import Catalog, LabelDefinition, VocabularyDefinition


def large(name="mine", count=1300, word="label"):
    return VocabularyDefinition(name, tuple(LabelDefinition(f"{word} {n}", (f"{word} {n}",)) for n in range(count)))


def put(catalog, definition):
    with catalog.staged(definition) as staged, catalog.write() as t:
        return t.vocabularies.put(definition, staged=staged)


def rows(catalog, table):
    with catalog.read() as t:
        return t.connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()


def test_a_staged_vocabulary_equals_one_put_at_once(catalog):
    with catalog.write() as t:
        small = t.vocabularies.put(large("other"))
    revision = put(catalog, large())
    assert (revision.number, revision.labels, revision.definition) == (1, small.labels, large())
    assert put(catalog, large()).id == revision.id
    later = put(catalog, large(count=1301))
    assert (later.number, rows(catalog, "revision")) == (2, 3)


def test_nothing_shows_a_revision_before_it_is_put(catalog):
    put(catalog, large(count=1299))
    with catalog.staged(large()) as staged, catalog.staged(large("new")) as new, catalog.read() as t:
        assert staged is not None
        assert new is not None
        assert [each.name for each in t.vocabularies.all()] == ["mine"]
        assert [each.number for each in t.vocabularies.history("mine")] == [1]
        assert t.vocabularies.current("mine").number == 1
        assert t.vocabularies.current("new") is None
        assert t.vocabularies.history("new") == []
        assert t.vocabularies.numbered("mine", 2) is None
    assert (rows(catalog, "revision"), rows(catalog, "revision_label")) == (1, 1299)


def test_writers_do_not_wait_for_the_staging(catalog, database):
    with catalog.staged(large()) as staged, Catalog.open(database) as other:
        with other.write(0) as t:
            first = t.vocabularies.put(large(count=1301))
        with catalog.write() as t:
            second = t.vocabularies.put(large(), staged=staged)
    assert (first.number, second.number) == (1, 2)
    with catalog.read() as t:
        assert t.vocabularies.all()[0].revision_id == second.id


class Killed(BaseException):
    """The end of a process in the middle of its work."""


def test_the_older_of_two_stagings_may_be_put_last(catalog):
    with catalog.staged(large(count=1301)) as early:
        newer = put(catalog, large(count=1302))
        with catalog.write() as t:
            last = t.vocabularies.put(large(count=1301), staged=early)
    assert last.id < newer.id
    with catalog.read() as t:
        assert t.vocabularies.current("mine").id == t.vocabularies.all()[0].revision_id == last.id


def test_what_a_killed_process_staged_is_removed_later(catalog):
    staging = catalog.staged(large())
    staging.__enter__()
    # As if the process ended here: the staging is never left.
    assert rows(catalog, "revision_label") == 1300
    put(catalog, large(count=1299))
    assert rows(catalog, "revision_label") == 2599, "it may belong to a process that is at work"
    with catalog.write() as t:
        t.connection.exec_driver_sql("UPDATE revision SET created_at = '2020-01-01 00:00:00' WHERE number < 0")
    put(catalog, large(count=1301))
    assert rows(catalog, "revision_label") == 2600
    staging.__exit__(None, None, None)
    assert rows(catalog, "revision_label") == 2600


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_staging_that_fails_leaves_nothing_to_see(catalog, at):
    def interrupted():
        with catalog.staged(large()) as staged:
            if at == 0:
                raise Killed
            with catalog.write() as t:
                t.vocabularies.put(large(), staged=staged)
                if at == 1:
                    raise Killed
            raise Killed

    with pytest.raises(Killed):
        interrupted()
    with catalog.read() as t:
        whole = t.vocabularies.current("mine")
    assert (whole is not None) == (at > 1)
    assert rows(catalog, "revision_label") == (1300 if at > 1 else 0)
