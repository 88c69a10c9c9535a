"""All errors share one base with a code, an exit status, fields and a sentence."""

from __future__ import annotations

import importlib
import pickle
from pathlib import Path

import pytest

from photos.errors import DaemonRefused, EmptyLibrary, MissingFolder, NothingFound, PhotosError
from query.errors import BadQuery, EmptyQuery
from store.errors import CatalogBusy, FolderCovered, safe

MODULES = (
    "store.errors",
    "indexer.errors",
    "indexer.decode.errors",
    "indexer.describers.errors",
    "indexer.models.errors",
    "photos.model_errors",
    "query.errors",
)

#: Scripts and HTTP clients rely on these. A code may be added; one that is here is never changed or removed.
CODES = {
    "catalog_not_empty",
    "copy_differs",
    "copy_running",
    "no_catalog",
    "row_refused",
    "unfinished_copy",
    "postgres_not_installed",
    "pgvector_too_old",
    "pgvector_missing",
    "foreign_database",
    "database_forbidden",
    "database_read_only",
    "database_not_unicode",
    "catalog_unreachable",
    "catalog_refused",
    "demo_mixed",
    "bad_catalog_address",
    "unknown_space",
    "trial_busy",
    "space_unready",
    "space_answers",
    "no_earlier_model",
    "nothing_tried",
    "another_tried",
    "backend_missing",
    "bad_label",
    "bad_slot_name",
    "bad_pattern",
    "bad_query",
    "bad_source",
    "bad_tag_file",
    "bad_vector",
    "cache_unwritable",
    "catalog_busy",
    "catalog_damaged",
    "catalog_moved",
    "catalog_read_only",
    "catalog_too_new",
    "catalog_too_old",
    "catalog_upgraded",
    "checkpoint_changed",
    "checkpoint_damaged",
    "checkpoint_unsupported",
    "contradictory_examples",
    "daemon_failed",
    "damaged",
    "already_watched",
    "demo_incomplete",
    "describer_away",
    "describer_broken",
    "device_unavailable",
    "disk_failed",
    "disk_full",
    "download_failed",
    "empty_library",
    "empty_query",
    "endpoint_invalid",
    "file_exists",
    "file_refused",
    "folder_covered",
    "in_force_twice",
    "label_exists",
    "missing_folder",
    "model_changed",
    "model_in_use",
    "model_missing",
    "model_unknown",
    "no_display",
    "no_earlier_revision",
    "no_example",
    "no_model_chosen",
    "no_network",
    "no_probabilities",
    "no_readers",
    "no_such_run",
    "no_viewer",
    "not_a_catalog",
    "not_an_example",
    "not_confirmed",
    "not_in_library",
    "not_one_text",
    "not_watched",
    "nothing_found",
    "numbers_overflowed",
    "patches_fixed",
    "patches_in_use",
    "refused",
    "remote_endpoint",
    "setting_error",
    "sidecar_left",
    "sidecars_busy",
    "superseded",
    "too_large",
    "unknown_folder",
    "unknown_label",
    "unknown_slot",
    "unknown_source",
    "unknown_vocabulary",
    "unreadable_file",
    "unreadable_picture",
    "unsupported",
    "unwritable_file",
    "vocabulary_changed",
    "vocabulary_error",
    "wrong_checkpoint",
}


def kinds(base: type[PhotosError] = PhotosError) -> set[type[PhotosError]]:
    for module in MODULES:
        importlib.import_module(module)
    below = {kind for kind in base.__subclasses__() if kind.__module__.split(".")[0] != "tests"}
    return below | {deeper for kind in below for deeper in kinds(kind)}


def test_codes_are_stable_and_unique():
    codes = [kind.code for kind in kinds() if isinstance(kind.code, str)]
    assert len(codes) == len(set(codes))
    assert {*codes, "refused"} >= CODES


def test_an_error_is_a_code_fields_and_a_sentence():
    error = MissingFolder("/x\x1b", "does not exist")
    assert (error.code, error.status) == ("missing_folder", 1)
    assert error.fields == {"path": "/x\x1b", "problem": "does not exist"}
    assert str(error) == "/x\\x1b does not exist."


def test_a_template_makes_its_fields_safe():
    assert str(EmptyLibrary(Path("/a\nb"))).startswith("The library /a\\nb has no photos yet; ")
    assert str(FolderCovered(b"/a\xff", b"/b")) == "/a\\xff is inside /b, which is indexed already."


def test_fields_have_defaults():
    assert CatalogBusy(Path("/x")).fields == {"path": Path("/x"), "detail": ""}
    assert BadQuery("dog:", "is no filter").hint == ""


@pytest.mark.parametrize("values", [(), ("/x",), ("/x", "y", "z")])
def test_wrong_arguments_are_a_type_error(values):
    with pytest.raises(TypeError, match="MissingFolder takes path, problem"):
        MissingFolder(*values)


def test_usage_errors_end_with_2():
    assert (EmptyQuery().status, BadQuery("a", "b").status, NothingFound("No.").status) == (2, 2, 1)


def test_a_refusal_keeps_the_daemons_code_and_status():
    error = DaemonRefused("Nothing here.", 2, "bad_query")
    assert (str(error), error.status, error.code) == ("Nothing here.", 2, "bad_query")


@pytest.mark.parametrize("error", [MissingFolder("/x", problem="is gone"), EmptyQuery(), BadQuery("a", "b", "c")])
def test_errors_survive_pickling(error):
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.fields) == (type(error), str(error), error.fields)


def test_safe_escapes_control_characters_of_terminals():
    assert safe("a\x1b[31mb\nc\u202ed\udcff") == "a\\x1b[31mb\\nc\\u202ed\\udcff"
    assert safe(b"\xff\n") == "\\xff\\n"
    assert (
        safe("\u0645\u06cc\u200c\u062e \U0001f468\u200d\U0001f469")
        == "\u0645\u06cc\u200c\u062e \U0001f468\u200d\U0001f469"
    )
