"""Re-tags that are owed, and what other processes do meanwhile."""

from photos.config import load
from photos.library import OpenLibrary
from photos.operations import vocabularies
from photos.operations.index import finish_owed
from store import LabelDefinition, VocabularyDefinition

from .conftest import read_here


def test_one_that_is_taken_over_or_dropped_meanwhile_is_nobodys_error(filled):
    told = []
    with OpenLibrary(load({"library": filled.library}, {}), filled.towers, read_here) as app:
        with app.catalog.write() as t:
            labels = (LabelDefinition("red", ("red",)),)
            for namespace in ("dropped", "kept"):
                t.slots.set_target(namespace, t.vocabularies.put(VocabularyDefinition(namespace, labels)).id)

        def drop(*_):
            if "dropped" in app_names(app):
                vocabularies.drop(app.catalog, "dropped")

        finish_owed(app, app.space, told_photos=drop, tell=lambda namespace, *_: told.append(namespace))
        assert (told, app_names(app)) == (["kept"], ["", "kept"])


def app_names(app):
    with app.catalog.read() as t:
        return t.slots.names()
