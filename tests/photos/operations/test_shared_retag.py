"""Re-tags by workers: the command waits for them, and does what they leave."""

from contextlib import suppress

from photos.operations.progress import Stage, Step
from photos.operations.tagging.retag import RetagRequest, retag
from store import MAIN_SLOT
from store.queue.base import Unit, UnitEnded
from store.sql import schema as tables
from tests.photos.operations.shared import shared, shared_start
from tests.photos.operations.test_retag import Events

__all__ = ["shared", "shared_start"]


def scores(library):
    """The rows of the scoring in force, and the slots that are pending."""
    with library.catalog.read() as t:
        scoring = t.scores.current(library.space.id, MAIN_SLOT)
        kept = [row for part in t.scores.scan(scoring.id) for row in part.rows()]
        return [(photo, list(labels), list(cosines)) for photo, labels, cosines in kept], t.slots.pending()


def other_vocabulary(shared):
    path = shared.program.library.parent / "others.txt"
    path.write_text("\n".join(f"our {name} sea" for name in ("red", "green", "blue", "yellow", "black", "white")))
    return str(path)


def test_workers_do_a_retag_and_the_command_waits(shared):
    shared.pretend_a_worker()
    ended = []
    progress = Events(lambda: ended.extend(each for each in shared.drain() if isinstance(each, UnitEnded)))
    with shared.open() as library:
        (done,) = retag(library, RetagRequest(vocabulary=other_vocabulary(shared)), progress).retags
        by_workers = scores(library)
        photos = len(by_workers[0])
        assert (done.report.photos, done.report.changed, done.report.labels_encoded) == (photos, None, 6)
        assert [(each.task, each.items, each.problem) for each in ended] == [
            ("retag", photos, None),
            ("retag", 0, None),
        ]
        steps = [each for each in progress.steps if isinstance(each, Step) and each.stage is Stage.TAG]
        assert [(each.done, each.total) for each in steps] == [(0, photos), (photos, photos)]
        assert by_workers[1] == {}
    with shared.open(queue=False) as library:
        with library.catalog.write() as t:
            for table in (tables.photo_scores, tables.least_rank):
                t.connection.execute(table.delete())
        assert retag(library, RetagRequest()).retags[0].report.changed == photos
        assert scores(library) == by_workers


def test_without_workers_the_command_does_it_itself(shared):
    with shared.open() as library:
        (done,) = retag(library, RetagRequest(vocabulary=other_vocabulary(shared))).retags
        assert done.report.changed == done.report.photos > 0
        with library.catalog.read() as t:
            assert library.queue.state(t).tasks == ()
    assert "scored by workers" not in shared.program("retag", "--queue").out


def test_a_retag_whose_command_was_killed_is_ended_by_workers(shared):
    class Killed(Exception):
        pass

    def kill():
        raise Killed

    shared.pretend_a_worker()
    with shared.open() as library:
        with suppress(Killed):
            retag(library, RetagRequest(vocabulary=other_vocabulary(shared)), Events(kill))
        assert len(scores(library)[1]) == 1
        shared.drain("retag")
        assert scores(library)[1] == {}
        shared.program.encoders.texts = 0
        # Units that are done twice do nothing.
        assert retag(library, RetagRequest()).retags[0].report.changed == 0


def test_a_unit_of_a_space_that_was_forgotten_is_over(shared):
    with shared.open() as library, library.catalog.write() as t:
        library.queue.defer(t, [Unit("retag", {"space_id": 999})])
    assert [each.problem for each in shared.drain("retag") if isinstance(each, UnitEnded)] == [None]


def test_a_retag_in_a_file_of_its_own_cannot_be_left_to_workers(filled, vocabulary):
    refused = filled("retag", "--vocabulary", vocabulary, "--queue")
    assert (refused.status, refused.err.count("\n")) == (2, 1)
    assert "Workers share a catalog on a PostgreSQL server" in refused.err
