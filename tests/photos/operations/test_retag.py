"""Pending re-tags, and changes by other processes at the same time."""

from photos.config import load
from photos.library import OpenLibrary
from photos.operations.progress import Stage, Step
from photos.operations.tagging.retag import RetagRequest, finish_pending, retag
from photos.operations.tagging.revisions import use_from_now_on
from photos.operations.tagging.vocabularies import drop_slot
from store import LabelDefinition, VocabularyDefinition
from tests.photos.conftest import read_here


class Events:
    """Receiver of progress that keeps the events, and calls a function at the first step of tagging."""

    def __init__(self, at_tagging=lambda: None):
        self.steps = []
        self._at_tagging = at_tagging

    def report(self, event, /):
        self.steps.append(event)
        if isinstance(event, Step) and event.stage is Stage.TAG:
            call, self._at_tagging = self._at_tagging, lambda: None
            call()


def opened(filled):
    return OpenLibrary(load({"library": filled.library}, {}), filled.encoders, read_here)


def test_a_pending_re_tag_whose_slot_is_dropped_is_passed_over(filled):
    with opened(filled) as library:
        with library.catalog.write() as t:
            labels = (LabelDefinition("red", ("red",)),)
            for slot in ("dropped", "kept"):
                use_from_now_on(t, t.vocabularies.put(VocabularyDefinition(slot, labels)), slot)

        def drop():
            with library.catalog.write() as t:
                drop_slot(t, "dropped")

        result = finish_pending(library, library.space, Events(drop))
        assert [each.slot for each in result.retags] == ["kept"]
        with library.catalog.read() as t:
            assert t.slots.names() == ["", "kept"]


def test_a_re_tag_reports_steps_and_returns_a_record_for_each_slot(filled, vocabulary):
    filled("vocab", "use", vocabulary, "--as", "beside")
    (filled.library.parent / "more.txt").write_text("red\nour sea\n")
    events = Events()
    with opened(filled) as library:
        all_slots = retag(library, RetagRequest())
        one_slot = retag(library, RetagRequest(slot="beside"))
        request = RetagRequest(vocabulary=str(filled.library.parent / "more.txt"), slot="Beside")
        changed = retag(library, request, events)
    assert [each.slot for each in all_slots.retags] == ["", "beside"]
    assert [each.slot for each in one_slot.retags] == ["beside"]
    (done,) = changed.retags
    assert (done.slot, done.revision.vocabulary, done.report.labels_encoded) == ("beside", "more", 1)
    assert events.steps == [Step(Stage.ENCODE_LABELS, 3, 3), Step(Stage.TAG, 6, 6)]
