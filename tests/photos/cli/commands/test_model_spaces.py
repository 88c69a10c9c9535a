"""Two models side by side: try, compare, switch, rollback and forget."""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file, save_file

from photos.config import load
from photos.library import OpenLibrary
from photos.lock import trial_lock
from photos.model_errors import TrialBusy
from photos.operations.models.spaces import complete_space, forget_model, roll_back_model
from photos.operations.models.trials import TryRequest, running_trial, try_model
from store import Catalog
from tests.photos.encoders import COLOURS, make_checkpoint


@pytest.fixture
def turned(tmp_path):
    return make_checkpoint(tmp_path / "turned", seed=3)


def answers(photos, *options):
    """Everything that a user sees of searches and tags."""
    found = [photos("search", f"a {name} thing", "--json", *options).out for name in COLOURS]
    return [*found, *([] if options else [photos("tags", "--json").out])]


def best(photos, word, *options):
    found = json.loads(photos("search", f"a {word} thing", "--json", "-t", 1, *options).lines[0])
    return found["path"].rpartition("/")[2]


def spaces(photos):
    return {each["role"]: each for each in json.loads(photos("model", "status", "--json").out)["spaces"]}


def clean(photos):
    return photos("verify").status == 0


def test_answers_stay_until_the_switch_and_come_back_after_it(filled, turned):
    before = answers(filled)
    tried = filled("model", "try", turned, "--json")
    assert json.loads(tried.out)["photos"] == len(COLOURS)
    assert answers(filled) == before
    assert clean(filled)
    there = answers(filled, "--model", turned)
    assert there != before[: len(there)]
    assert (best(filled, "red"), best(filled, "red", "--model", turned)) == ("red.png", "blue.png")
    assert filled("model", "switch").status == 0
    after = answers(filled)
    assert after[: len(there)] == there
    assert after != before
    assert clean(filled)
    assert filled("model", "rollback").status == 0
    assert answers(filled) == before
    assert clean(filled)


def test_status_shows_the_models_and_what_one_lacks(filled, turned):
    assert filled("model", "try", turned, "--sample", 2).status == 0
    tried = spaces(filled)["tried"]
    assert (tried["photos"], tried["total"], tried["sample"]) == (2, len(COLOURS), 2)
    assert tried["missing"] == ["4 photos are not embedded"]
    shown = filled("model", "status").out
    assert "is not ready to answer: 4 photos are not embedded." in shown
    refused = filled("model", "switch")
    assert refused.status == 1
    assert "4 photos are not embedded" in refused.err
    assert best(filled, "red") == "red.png", "nothing was switched"
    assert filled("model", "try").out.startswith(str(turned)), "it goes on with the same limits"
    assert spaces(filled)["tried"]["photos"] == 2
    filled("model", "try", turned)
    assert spaces(filled)["tried"]["missing"] == []


def test_a_sample_stays_the_same_and_a_folder_limits_it(filled, turned, pictures):
    filled("model", "try", turned, "--sample", 1, "--in", pictures / "bright")
    first = best(filled, "green", "--model", turned)
    assert first in {"yellow.png", "white.png"}
    filled("model", "try", turned, "--in", pictures / "bright")
    assert spaces(filled)["tried"]["photos"] == 2
    assert filled("model", "try", turned, "--in", pictures / "nowhere").status == 1


def test_a_trial_of_a_folder_goes_on_where_the_folder_moved(filled, turned, pictures):
    filled("model", "try", turned, "--in", pictures / "bright", "--sample", 1)
    moved = pictures.rename(pictures.with_name("elsewhere"))
    assert filled("add", "--moved", pictures, moved).status == 0
    assert spaces(filled)["tried"]["folder"] == str(moved / "bright")


def test_an_unready_model_answers_by_force(filled, turned):
    filled("model", "try", turned, "--sample", 2)
    forced = filled("model", "switch", "--force", "--json")
    assert json.loads(forced.out)["missing"] == ["4 photos are not embedded"]
    assert len(filled("search", "red", "--json", "--all").lines) == 2
    assert filled("index").status == 0
    assert len(filled("search", "red", "--json", "--all").lines) == len(COLOURS)


def test_new_photos_go_into_both_while_one_is_tried(filled, turned, pictures):
    filled("model", "try", turned)
    Image.new("RGB", (40, 30), (200, 60, 60)).save(pictures / "reddish.png")
    filled("index")
    assert spaces(filled)["tried"]["photos"] == len(COLOURS) + 1
    assert filled("model", "switch").status == 0, "its tags are there, too"
    labels = json.loads(filled("tags", pictures / "reddish.png", "--json").out)["tags"]
    assert labels[0]["label"] == "blue"


def test_a_rollback_makes_good_what_came_since_the_switch(filled, turned, pictures):
    filled("model", "try", turned)
    filled("model", "switch")
    Image.new("RGB", (40, 30), (200, 60, 60)).save(pictures / "reddish.png")
    filled("index")
    assert spaces(filled)["previous"]["missing"] == ["1 photo is not embedded"]
    assert "1 photo is not embedded" in filled("model", "rollback").out
    assert clean(filled)
    assert spaces(filled)["answers"]["photos"] == len(COLOURS) + 1
    labels = json.loads(filled("tags", pictures / "reddish.png", "--json").out)["tags"]
    assert labels[0]["label"] == "red"
    assert filled("model", "rollback").err == (
        "photos: There is no model to go back to; `photos model switch NAME` chooses any that is ready.\n"
    )


def test_a_vocabulary_that_is_chosen_meanwhile_is_owed_by_the_other_model(filled, turned, tmp_path):
    filled("model", "try", turned)
    (tmp_path / "few.txt").write_text("red\nblue\n")
    filled("vocab", "use", tmp_path / "few.txt")
    assert spaces(filled)["tried"]["missing"] == ["tags are pending in the main vocabulary"]
    assert filled("model", "switch").status == 1
    filled("model", "try")
    assert filled("model", "switch").status == 0
    filled("vocab", "use", "colours")
    assert "tags are pending" in filled("model", "rollback").out
    assert len(filled("tags", "--json").lines) == len(COLOURS)


def test_forgetting_deletes_everything_of_a_model_and_says_how_much(filled, turned):
    before = answers(filled)
    filled("model", "try", turned)
    freed = json.loads(filled("model", "forget", turned, "--json").out)
    assert freed["photos"] == len(COLOURS)
    assert freed["index_bytes"] > 0
    assert list(spaces(filled)) == ["answers"]
    assert answers(filled) == before
    assert clean(filled)
    assert filled("model", "switch").err.startswith("photos: No model is being tried here")
    gone = filled("search", "red", "--model", turned)
    assert (gone.status, gone.err.count("\n")) == (2, 1)


def test_what_answers_cannot_be_forgotten_tried_or_switched_to(filled, checkpoint):
    for command in (("forget", checkpoint), ("try", checkpoint), ("switch", checkpoint)):
        refused = filled("model", *command)
        assert refused.status == 1
        assert refused.err == (
            f"photos: {checkpoint} is the model that answers; `photos model status` shows the others.\n"
        )


def test_one_model_at_a_time_is_tried(filled, turned, other_checkpoint):
    filled("model", "try", turned)
    refused = filled("model", "try", other_checkpoint)
    assert refused.status == 1
    assert refused.err.startswith(f"photos: {turned} is being tried already")
    with trial_lock(filled.library):
        busy = filled("model", "try")
        assert (busy.status, busy.err.startswith("photos: Another process works on the other models")) == (1, True)
    assert filled("model", "try").status == 0


def test_weights_that_change_under_a_trial_are_noticed_and_answers_stay(filled, turned, pictures):
    filled("model", "try", turned, "--sample", 3)
    before = answers(filled)
    weights = load_file(turned / "model.safetensors")
    save_file({**weights, "text_model.x": np.zeros((3, 3), np.float32)}, turned / "model.safetensors")
    for again in (("try",), ("try", turned), ("switch", "--force")):
        refused = filled("model", *again)
        assert refused.status == 1
        assert "have changed" in refused.err
        assert f"`photos model forget {turned}` and `photos model try {turned}`" in refused.err
        assert refused.err.count("\n") == 1
    Image.new("RGB", (40, 30), (200, 60, 60)).save(pictures / "reddish.png")
    assert filled("index").status == 0, "photos go on into the model that answers"
    assert filled("model", "forget", turned).status == 0
    assert filled("model", "try", turned).status == 0
    assert before[0].splitlines()[0] in answers(filled)[0]


def test_a_model_that_fails_at_once_is_not_tried(filled, turned, tmp_path):
    damaged = make_checkpoint(tmp_path / "damaged", seed=4)
    failed = filled("model", "try", damaged)
    assert failed.status == 1
    assert "its weights lack one" in failed.err
    assert spaces(filled).keys() == {"answers"}
    assert "No model is being tried" in filled("model", "try").err
    assert filled("model", "try", turned).status == 0


def test_a_model_that_fails_later_is_still_tried(filled, turned, tmp_path):
    assert filled("model", "try", turned, "--sample", 2).status == 0
    weights = load_file(turned / "model.safetensors")
    save_file({**weights, "text_model.x": np.zeros((3, 3), np.float32)}, turned / "model.safetensors")
    assert filled("model", "try").status == 1
    assert spaces(filled)["tried"]["photos"] == 2


def test_the_same_checkpoint_in_another_precision_has_a_name_of_its_own(filled, checkpoint):
    tried = json.loads(filled("model", "try", checkpoint, "--precision", "bfloat16", "--json").out)
    assert tried["name"] == f"{checkpoint}@bfloat16"
    assert {each["name"] for each in spaces(filled).values()} == {f"{checkpoint}@float32", f"{checkpoint}@bfloat16"}
    listed = "".join(filled("model", "list").out.split())
    assert f"{checkpoint}@float32(answers),{checkpoint}@bfloat16(tried)" in listed
    assert filled("model", "switch", f"{checkpoint}@bfloat16").status == 0
    assert filled("model", "forget", f"{checkpoint}@float32").status == 0
    assert [each["name"] for each in spaces(filled).values()] == [str(checkpoint)]


def test_a_longer_name_of_what_answers_is_no_unknown_model(filled, checkpoint):
    assert filled("model", "try", checkpoint, "--precision", "bfloat16").status == 0
    assert filled("model", "switch").status == 0
    for name in (f"{checkpoint}@bfloat16", f"{checkpoint}@bfloat16@squash-16-bilinear-1"):
        refused = filled("model", "try", name)
        assert (refused.status, refused.err) == (
            1,
            f"photos: {checkpoint}@bfloat16 is the model that answers; `photos model status` shows the others.\n",
        )


def test_a_checkpoint_that_is_gone_is_no_obstacle_to_what_answers(filled, turned, pictures):
    filled("model", "try", turned)
    shutil.rmtree(turned)
    Image.new("RGB", (40, 30), (200, 60, 60)).save(pictures / "reddish.png")
    sentence = f"New photos are left out of {turned}, which is tried: There is no model '{turned}': "
    for command, has_new in ((("index",), True), (("add", pictures), False), (("index", "--json"), True)):
        if has_new and "--json" in command:
            # The pixels of a photo that is known already.
            Image.open(pictures / "reddish.png").save(pictures / "again.bmp")
        indexed = filled(*command)
        assert (indexed.status, indexed.err.count(sentence)) == (0, int(has_new)), command
    assert json.loads(filled("status", "--json").out)["trial_problem"].startswith(sentence)
    assert spaces(filled)["tried"]["problem"].startswith(sentence)
    for command in (("status",), ("model", "status")):
        assert sentence in " ".join(filled(*command).out.split())
    assert filled("model", "switch", "--force").status == 1, "it could not answer"
    assert filled("model", "forget", turned).status == 0


def test_the_only_other_model_needs_no_name(filled, turned, checkpoint, other_checkpoint):
    assert filled("model", "switch").err.startswith("photos: No model is being tried here")
    filled("model", "try", turned)
    filled("model", "switch")
    assert filled("model", "switch").err == (
        "photos: No model is being tried here; `photos model try NAME` begins that, "
        f"and `photos model rollback` goes back to {checkpoint}.\n"
    )
    filled("model", "rollback")
    assert spaces(filled)["kept"]["name"] == str(turned)
    assert json.loads(filled("model", "compare", "red", "--json").out)["other"]["name"] == str(turned)
    tried = json.loads(filled("model", "try", "--sample", 2, "--json").out)
    assert (tried["name"], tried["whole"]) == (str(turned), False)
    assert filled("model", "try").status == 0
    filled("model", "switch")
    filled("model", "rollback")
    assert json.loads(filled("model", "switch", "--json").out)["name"] == str(turned)
    filled("model", "rollback")
    filled("model", "try", other_checkpoint)
    filled("model", "switch")
    filled("model", "rollback")
    for command in ("try", "switch", "compare"):
        refused = filled("model", command)
        assert (refused.status, refused.err) == (
            1,
            f"photos: No model is being tried here; name one of {turned} and {other_checkpoint}.\n",
        )


def test_status_says_that_an_earlier_model_could_not_answer(filled, turned, checkpoint):
    filled("model", "try", turned)
    assert json.loads(filled("status", "--json").out)["trial_problem"] is None
    filled("model", "switch")
    filled("model", "rollback")
    (turned / "config.json").write_text("{")
    assert spaces(filled)["kept"]["problem"].startswith(f"{turned} cannot be used: The model in {turned} is damaged: ")
    assert spaces(filled)["answers"]["problem"] is None
    assert json.loads(filled("status", "--json").out)["trial_problem"] is None


def test_tuned_thresholds_are_kept_and_the_switch_names_them(filled, turned, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("y\nn\nn\nn\nn\nn\n"))
    assert "answers fit" in filled("vocab", "tune", "red").out
    before = answers(filled)
    filled("model", "try", turned)
    shown = filled("model", "switch").out
    assert "Tuned thresholds of the other model do not count with it: red." in shown
    assert filled("model", "rollback").status == 0
    assert answers(filled) == before


def test_a_switch_tells_written_thresholds_of_labels_and_vocabularies(filled, turned, tmp_path):
    words = tmp_path / "words.txt"
    words.write_text("% threshold 0.2\nred @ 0.4\nblue\n")
    assert filled("vocab", "use", words).status == 0
    filled("model", "try", turned)
    shown = filled("model", "switch").out
    assert (
        "Thresholds written into vocabularies are probabilities, which other scores reach with this model: that of "
        "the label red, and that of the vocabulary words."
    ) in " ".join(shown.split())
    back = json.loads(filled("model", "rollback", "--json").out)
    assert (back["written"], back["written_vocabularies"]) == (["red"], ["words"])


def test_models_are_compared_on_past_searches_and_tags(filled, turned, tmp_path):
    filled("search", "a red thing")
    filled("model", "try", turned)
    found = json.loads(filled("model", "compare", "--json", "--count", 2).out)
    (query,) = found["queries"]
    assert query["query"] == "a red thing"
    assert query["best_now"] > 1
    assert query["overlap"] < 2
    of_red = next(each for each in query["photos"] if each["path"].endswith("/red.png"))
    assert (of_red["before"], of_red["after"]) == (1, query["best_now"])
    shown = (query["shown_before"], query["shown_after"])
    for model, scores, count in ((), "least_before", shown[0]), (("--model", turned), "least_after", shown[1]):
        matches = filled("search", "a red thing", "--all", "--min-score", "auto", "--json", *model).lines
        assert len(matches) == count
        assert all(json.loads(each)["score"] >= query[scores] for each in matches)
    assert 0 < shown[0] < len(COLOURS)
    labels = {each["label"]: each for each in found["labels"]}
    assert labels["red"]["gained"] == 1, "the blue one"
    assert labels["red"]["lost"] >= 1
    differences = [each["gained"] + each["lost"] for each in found["labels"]]
    assert differences == sorted(differences, reverse=True)
    assert found["answering"]["seconds_a_photo"] > 0
    sheet = tmp_path / "sheet.html"
    table = filled("model", "compare", "a blue thing", "--sheet", sheet)
    assert "a blue thing" in table.out
    assert f"{shown[0]} -> {shown[1]}" in filled("model", "compare", "a red thing").out
    page = sheet.read_text()
    assert page.count('class="pair"') == 1
    assert page.count("<img") == 2 * len(COLOURS)
    assert filled("model", "compare", "a blue thing", "--sheet", sheet).status == 1
    assert filled("model", "compare", "a blue thing", "--sheet", sheet, "--force").status == 0


def test_a_comparison_needs_another_model(filled, turned):
    assert filled("model", "compare").err.startswith("photos: No model is being tried here")
    filled("model", "try", turned)
    assert filled("model", "compare").status == 0
    assert filled("history", "--json").out == "", "a comparison is no search"


def test_similar_and_why_take_the_other_model(filled, turned, pictures):
    filled("model", "try", turned)
    why = json.loads(filled("why", pictures / "red.png", "a blue thing", "--model", turned, "--json").out)
    assert why["rank"] == 1
    found = filled("similar", pictures / "red.png", "--model", turned, "--json", "-t", 1)
    assert found.status == 0


def faults(photos, *sql):
    """Return what `verify` finds by its noun and model, after *sql* has damaged the catalog."""
    with Catalog.open(photos.library / "catalog.sqlite3") as catalog, catalog.write() as t:
        for each in sql:
            t.connection.exec_driver_sql(each)
    result = photos("verify", "--json")
    records = [json.loads(line) for line in result.lines]
    assert result.status == int(records[-1]["count"] > 0)
    return {(each["what"], each["model"]): each["count"] for each in records if each["count"]}


OF_SPACE = "scoring_id IN (SELECT id FROM scoring WHERE space_id = {0})"
DAMAGE = (
    "UPDATE embedding SET checksum = checksum + 1 WHERE photo_id = 1 AND space_id = {0}",
    f"DELETE FROM photo_scores WHERE {OF_SPACE} AND photo_id = 2",
    f"UPDATE photo_scores SET cosines = zeroblob(length(cosines)) WHERE {OF_SPACE} AND photo_id = 3",
    f"UPDATE photo_scores SET label_ids = zeroblob(length(label_ids)) WHERE {OF_SPACE} AND photo_id = 4",
    f"UPDATE photo_scores SET cosines = zeroblob(3) WHERE {OF_SPACE} AND photo_id = 5",
)
LOSS = (
    *(f"DELETE FROM {table} WHERE {OF_SPACE}" for table in ("least_rank", "photo_scores")),
    "DELETE FROM scoring WHERE space_id = {0}",
)


@pytest.mark.parametrize("space_id", [1, 2])
def test_verify_checks_every_model_and_names_it(filled, turned, checkpoint, space_id):
    filled("model", "try", turned)
    before, there = answers(filled), answers(filled, "--model", turned)
    name = str((checkpoint, turned)[space_id - 1])
    assert faults(filled) == {}
    assert faults(filled, *(each.format(space_id) for each in DAMAGE)) == {
        ("damaged embedding", name): 1,
        ("photo with missing or wrong scores", name): 4,
    }
    assert f"1 damaged embedding of {name}: photos verify --repair\n" in filled("verify").out
    assert filled("verify", "--repair").status == 0
    assert faults(filled, *(each.format(space_id) for each in LOSS)) == {("vocabulary without scores", name): 1}
    assert filled("verify", "--repair").status == 0
    assert faults(filled) == {}
    assert (answers(filled), answers(filled, "--model", turned)) == (before, there)
    assert filled("model", "switch").status == 0


def test_verify_checks_the_index_of_every_model(filled, turned):
    # The file of a copied library has another inode, so every search reads it in full; a new one only `verify` does.
    shutil.rmtree(filled.library / "index")
    filled("search", "red")
    filled("model", "try", turned)
    for file in (filled.library / "index").glob("*.faiss"):
        content, stamp = bytearray(file.read_bytes()), file.stat()
        content[-1] ^= 1
        file.write_bytes(content)
        os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    found = faults(filled)
    assert set(found.values()) == {1}
    assert len(found) == 2
    assert faults(filled) == {}


def test_a_model_that_cannot_be_used_is_repaired_as_far_as_possible(filled, turned):
    filled("model", "try", turned)
    shutil.rmtree(turned)
    damage = "UPDATE embedding SET checksum = 1 WHERE photo_id = 1 AND space_id = 2"
    assert faults(filled, damage) == {("damaged embedding", str(turned)): 1}
    repaired = filled("verify", "--repair")
    assert repaired.status == 0
    assert f"{turned} is not repaired in full: " in repaired.err
    assert spaces(filled)["tried"]["missing"] == ["1 photo is not embedded"]


def test_a_running_trial_is_extended_and_not_changed(filled, turned):
    assert filled("model", "try", turned, "--sample", 2).status == 0
    more = filled("model", "try", "--sample", 4)
    assert (more.status, "4 photos" in more.out) == (0, True)
    other = filled("model", "try", "--precision", "int8")
    assert other.status == 1
    assert "is being tried already" in other.err


def test_a_model_without_damage_is_repaired_without_waiting(filled, turned, pictures):
    filled("model", "try", turned)
    shutil.copy(pictures / "red.png", pictures / "new.png")
    with trial_lock(filled.library):
        repaired = filled("verify", "--repair")
    assert "is not repaired" not in repaired.err


def test_embeddings_that_cannot_be_made_again_are_counted(filled, turned, pictures):
    filled("model", "try", turned)
    with closing(sqlite3.connect(filled.library / "catalog.sqlite3")) as catalog, catalog:
        (second,) = catalog.execute("SELECT max(id) FROM space").fetchone()
        catalog.execute(
            "UPDATE embedding SET vector = zeroblob(length(vector)) WHERE space_id = ? AND photo_id = 1", (second,)
        )
    pictures.rename(pictures.with_name("away"))
    repaired = filled("verify", "--repair")
    assert "has lost its embeddings of 1 photos, whose files are away" in repaired.err


def test_a_rollback_embeds_nothing_while_another_process_does(filled, turned, pictures):
    filled("model", "try", turned)
    filled("model", "switch")
    Image.new("RGB", (40, 30), (200, 60, 60)).save(pictures / "reddish.png")
    filled("index")
    told = []
    with OpenLibrary(load({"library": filled.library}, {}), filled.encoders, on_notice=told.append) as library:
        assert roll_back_model(library).missing == ("1 photo is not embedded",)
    with OpenLibrary(load({"library": filled.library}, {}), filled.encoders, on_notice=told.append) as library:
        with trial_lock(filled.library):
            complete_space(library, patience=0)
        assert spaces(filled)["answers"]["photos"] == len(COLOURS)
        assert told == [f"{TrialBusy()} `photos index` embeds and tags what the model that answers lacks."]
        complete_space(library)
    assert spaces(filled)["answers"]["photos"] == len(COLOURS) + 1
    assert len(told) == 1


def test_status_imports_no_trials_where_none_runs(filled):
    code = (
        "import sys\nfrom photos.__main__ import main\n"
        f"status = main(['--library', {str(filled.library)!r}, 'status', '--json'])\n"
        "print(status, 'photos.operations.models.trials' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 False"


def test_a_model_that_is_forgotten_meanwhile_is_not_noted_as_tried(filled, turned):
    filled("model", "try", turned, "--sample", 2)
    with OpenLibrary(load({"library": filled.library}, {}), filled.encoders) as library:
        with trial_lock(filled.library):
            with pytest.raises(TrialBusy):
                try_model(library, TryRequest(model=str(turned)))
            with library.catalog.write() as t:
                t.library.set_trial(None)
        assert running_trial(library) is None
        forget_model(library, str(turned))
