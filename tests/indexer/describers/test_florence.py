"""Florence-2 by the real code of transformers, on tiny checkpoints of the true architecture."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import Florence2ForConditionalGeneration, Florence2Processor

from indexer.describers import (
    DescriberBroken,
    Description,
    Task,
    WrongCheckpoint,
    find_florence,
    open_florence,
    open_florence_checkpoint,
    passes_per_picture,
)
from indexer.describers.florence import TOKENS
from indexer.describers.florence_cost import asked
from indexer.models import CheckpointDamaged, CheckpointUnsupported, DeviceUnavailable, ModelMissing
from tests.checkpoints import make_v2, pictures

from .florence_checkpoints import ANSWERS, LOCATIONS, SIDE, make_florence

RED = Image.new("RGB", (SIDE, SIDE), "red")


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Several threads wait for each other for longer than a tiny model computes."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    return make_florence(tmp_path_factory.mktemp("florence") / "florence-community--Florence-2-tiny-ft", taught=True)


@pytest.fixture(scope="module")
def random(tmp_path_factory):
    return make_florence(tmp_path_factory.mktemp("florence") / "random")


@pytest.fixture
def copy(taught, tmp_path):
    return shutil.copytree(taught, tmp_path / "copy")


def describer(folder, tasks=frozenset(Task)):
    return open_florence(str(folder), tasks, folder.parent, device="cpu")


def by_transformers(folder, picture, task):
    """The answer of transformers alone, greedily."""
    processor = Florence2Processor.from_pretrained(folder)
    model = Florence2ForConditionalGeneration.from_pretrained(folder).eval()
    inputs = processor(text=TOKENS[task], images=picture, return_tensors="pt")
    made = model.generate(**inputs, num_beams=1, do_sample=False, early_stopping=False, max_new_tokens=64)
    text = processor.batch_decode(made, skip_special_tokens=False)[0]
    return processor.post_process_generation(text=text, task=TOKENS[task], image_size=picture.size)[TOKENS[task]]


@pytest.mark.parametrize(("kind", "task"), [*(("taught", task) for task in Task), ("random", Task.CAPTION)])
def test_answers_are_those_of_transformers(request, kind, task):
    folder = request.getfixturevalue(kind)
    seen = [RED, *(each.resize((70, 50)) for each in pictures(5))]
    together = describer(folder, {task}).describe(seen)
    alone = [describer(folder, {task}).describe([each])[0] for each in seen[:2]]
    assert together[: len(alone)] == alone
    for picture, made in zip(seen, together, strict=True):
        expected = by_transformers(folder, picture, task)
        if isinstance(expected, dict):
            assert made.labels == tuple(dict.fromkeys(expected["labels"]))
        else:
            words = made.text if task is Task.TEXT else made.caption
            assert (words or "") == " ".join(expected.split())


def test_a_picture_gets_all_that_was_asked_for(taught):
    expected = Description(ANSWERS["<DETAILED_CAPTION>"], ("cat", "car", "red square on the table"), ANSWERS["<OCR>"])
    assert describer(taught).describe([RED] * 5) == [expected] * 5


def test_only_what_was_asked_for_is_described(taught):
    assert describer(taught, {Task.OBJECTS}).describe([RED]) == [Description(labels=("cat", "car"))]
    assert describer(taught, {Task.CAPTION}).describe([RED]) == [Description(ANSWERS["<CAPTION>"])]


def test_pictures_of_other_modes_are_described(taught):
    expected = describer(taught, {Task.CAPTION}).describe([RED])
    assert describer(taught, {Task.CAPTION}).describe([RED.convert("RGBA"), RED.convert("P")]) == expected * 2


def test_no_pictures_have_no_descriptions(taught):
    assert describer(taught).describe([]) == []


def test_the_image_encoder_runs_once_for_all_tasks(taught):
    made = describer(taught)
    calls = []
    made._model.model.vision_tower.register_forward_hook(lambda *_: calls.append(1))
    made.describe([RED])
    assert len(calls) == 1


def test_the_name_is_that_of_the_repository_and_its_weights(taught, random):
    name = describer(taught).name
    assert re.fullmatch(r"florence-2-tiny-ft@[0-9a-f]{12}", name)
    assert open_florence_checkpoint(random).name.partition("@")[2] != name.partition("@")[2]
    assert describer(taught).side == SIDE


def test_the_name_is_text_that_can_be_stored(copy):
    odd = copy.rename(copy.with_name("Tiny\n\udcff"))
    assert open_florence_checkpoint(odd).name.startswith("tiny__@")


@pytest.mark.parametrize(
    ("reference", "instead"),
    [
        ("microsoft/Florence-2-base", "florence-community/Florence-2-base"),
        ("microsoft/Florence-2-base-ft", "florence-community/Florence-2-base-ft"),
        ("Microsoft/florence-2-large", "florence-community/Florence-2-large"),
        ("microsoft/Florence-2-large-ft", "florence-community/Florence-2-large-ft"),
        ("microsoft/Florence-2-DocVQA", "florence-community/Florence-2-base-ft"),
    ],
)
def test_the_original_repositories_are_refused_by_name(tmp_path, reference, instead):
    with pytest.raises(WrongCheckpoint, match=f"runs code of its own .*; take {instead}\\.$"):
        find_florence(reference, tmp_path)


def test_a_repository_that_is_not_here_is_not_fetched(tmp_path):
    with pytest.raises(ModelMissing):
        find_florence("florence-community/Florence-2-base", tmp_path)
    with pytest.raises(WrongCheckpoint, match="nonsense cannot describe pictures: it is no folder and no id"):
        find_florence("nonsense", tmp_path)
    with pytest.raises(WrongCheckpoint, match="it is no folder and no id"):
        find_florence("~no-such-user/florence", tmp_path)


class FolderHub:
    """A hub whose one repository is a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.fetched = []

    def files(self, patterns):
        return {path for pattern in patterns for path in self.folder.glob(pattern)}

    def size(self, repository, patterns):
        return sum(path.stat().st_size for path in self.files(patterns))

    def fetch(self, repository, folder, patterns):
        self.fetched.append(patterns)
        for path in self.files(patterns):
            shutil.copy(path, folder)


def test_a_download_that_was_asked_for_is_used(taught, tmp_path):
    hub = FolderHub(taught)
    folder = find_florence("florence-community/Florence-2-base-ft", tmp_path, hub)
    assert open_florence_checkpoint(folder).name.startswith("florence-2-base-ft@")
    fetched = len(hub.fetched)
    assert find_florence("florence-community/Florence-2-base-ft", tmp_path, hub) == folder
    assert len(hub.fetched) == fetched


def test_a_wrong_repository_costs_no_download_of_weights(copy, tmp_path):
    change(copy / "config.json", model_type="paligemma")
    hub = FolderHub(copy)
    with pytest.raises(WrongCheckpoint, match="it is a 'paligemma' and no Florence-2"):
        find_florence("someone/model", tmp_path / "models", hub)
    assert not any("*.safetensors" in patterns for patterns in hub.fetched)
    assert not list((tmp_path / "models").rglob("*.safetensors"))


def change(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json", "processor_config.json"])
def test_code_of_its_own_is_refused(copy, file):
    change(copy / file, auto_map={"AutoConfig": "configuration_florence2.Florence2Config"})
    with pytest.raises(WrongCheckpoint, match="runs code of its own.*; take florence-community/Florence-2-base-ft"):
        open_florence_checkpoint(copy)


def test_a_tokenizer_without_places_is_refused(tmp_path):
    folder = make_florence(tmp_path / "few", locations=LOCATIONS - 1)
    with pytest.raises(WrongCheckpoint, match="lacks the tokens of places"):
        open_florence_checkpoint(folder)


def test_a_tokenizer_without_pictures_is_refused(copy):
    tokenizer = json.loads((copy / "tokenizer.json").read_text())
    tokenizer["added_tokens"] = [each for each in tokenizer["added_tokens"] if each["content"] != "<image>"]
    (copy / "tokenizer.json").write_text(json.dumps(tokenizer))
    with pytest.raises(WrongCheckpoint, match="lacks the token of pictures"):
        open_florence_checkpoint(copy)


def test_a_siglip_is_refused(tmp_path):
    with pytest.raises(WrongCheckpoint, match="it is a 'siglip' and no Florence-2"):
        open_florence_checkpoint(make_v2(tmp_path / "siglip"))


def test_missing_and_damaged_files_are_named(copy):
    weights = copy / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:1000])
    with pytest.raises(CheckpointDamaged, match="model.safetensors cannot be read"):
        open_florence_checkpoint(copy)
    tensors = load_file_of(whole, copy)
    save_file({name: each for name, each in tensors.items() if "decoder.layers.0.fc1" not in name}, weights)
    with pytest.raises(CheckpointDamaged, match="its weights lack .*fc1"):
        describer(copy)
    weights.rename(copy / "pytorch_model.bin")
    with pytest.raises(CheckpointUnsupported, match="not in safetensors form"):
        open_florence_checkpoint(copy)


def load_file_of(content, folder):
    path = folder / "whole.tensors"
    path.write_bytes(content)
    return load_file(path)


def test_a_processor_without_rules_is_damaged(copy):
    change(copy / "processor_config.json", post_processor_config={"pure_text": {}})
    with pytest.raises(CheckpointDamaged, match="has no rule description_with_bboxes"):
        describer(copy)


def test_an_unknown_device_is_refused(taught):
    with pytest.raises(DeviceUnavailable):
        open_florence(str(taught), {Task.CAPTION}, taught.parent, device="abacus")


class FullMemory:
    """A hook that has memory for *most* pictures."""

    def __init__(self, most):
        self.most = most
        self.sizes = []

    def __call__(self, _module, inputs):
        self.sizes.append(len(inputs[0]))
        if len(inputs[0]) > self.most:
            raise torch.OutOfMemoryError("out of memory")


def test_passes_are_halved_where_memory_does_not_suffice(taught):
    made = describer(taught, {Task.CAPTION})
    hook = FullMemory(1)
    made._model.model.vision_tower.register_forward_pre_hook(hook)
    assert [each.caption for each in made.describe([RED] * 5)] == [ANSWERS["<CAPTION>"]] * 5
    assert hook.sizes == [4, 2, 1, 1, 2, 1, 1, 1]


def test_a_describer_that_dies_is_broken_and_loses_nothing(taught):
    made = describer(taught, {Task.CAPTION})
    hook = FullMemory(8)
    made._model.model.vision_tower.register_forward_pre_hook(hook)
    made.describe([RED] * 4)
    made._model.model.vision_tower.register_forward_pre_hook(lambda *_: fail() if hook.sizes[2:] else None)
    outcomes = made.describe([RED] * 8)
    assert [isinstance(each, Description) for each in outcomes] == [True] * 4 + [False] * 4
    with pytest.raises(DescriberBroken, match="boom"):
        made.describe([RED])


def fail():
    raise RuntimeError("boom")


def test_costs_are_those_that_were_measured():
    assert passes_per_picture({Task.CAPTION}) == pytest.approx(15.8, abs=0.05)
    assert passes_per_picture({Task.REGIONS}) == pytest.approx(19.6, abs=0.05)
    assert passes_per_picture({Task.CAPTION, Task.DETAILED_CAPTION}) == passes_per_picture({Task.DETAILED_CAPTION})
    assert passes_per_picture({Task.CAPTION}, 2 * 231_400_000) == pytest.approx(31.6, abs=0.1)
    assert asked(frozenset(Task)) == (Task.DETAILED_CAPTION, Task.OBJECTS, Task.REGIONS, Task.TEXT)


def test_importing_the_room_loads_no_torch():
    code = (
        "import sys, indexer.describers;"
        "print([m for m in ('torch', 'transformers', 'faiss', 'sqlalchemy') if m in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed == "[]\n"


def test_torchvision_is_not_needed(taught):
    code = (
        "import sys; sys.modules['torchvision'] = None\n"
        "from pathlib import Path\n"
        "from PIL import Image\n"
        "from indexer.describers import Task, open_florence\n"
        f"made = open_florence({str(taught)!r}, {{Task.CAPTION}}, Path('/'), device='cpu')\n"
        f"print(made.describe([Image.new('RGB', ({SIDE}, {SIDE}), 'red')])[0].caption)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (result.stdout, result.stderr) == (ANSWERS["<CAPTION>"] + "\n", "")
