"""Training of the demo checkpoint: tokenizer, batches with exact truth, resumable runs, and export."""

import json
from random import Random

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from transformers import AutoImageProcessor, AutoModel, AutoTokenizer

from indexer.models import open_checkpoint
from photos.demo.captions import facts_of
from photos.demo.splits import scene_at
from training.batches import Batches
from training.prepare import SIZE, prepare
from training.quick import labels
from training.texts import everyday_words, false_text
from training.tokenizer import EOS, LENGTH, ids, learn_tokenizer
from training.train import Trainer


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    prepare(folder, 24, workers=1)
    return folder


@pytest.fixture(scope="module")
def tokenizer():
    return learn_tokenizer()


def test_training_pictures_are_drawn_in_advance(data):
    pictures = np.load(data / "pictures.npy")
    assert pictures.shape == (24, SIZE, SIZE, 3)
    assert pictures.std() > 20


def test_the_tokenizer_is_reproducible_and_loses_no_word(tokenizer):
    assert learn_tokenizer().to_str() == tokenizer.to_str()
    for text in ("a red car", "Zürich — 日本!", "saxophone"):
        assert tokenizer.decode(ids(tokenizer, text)) == text.lower()


def test_truncated_texts_keep_their_end_mark(tokenizer):
    assert len(ids(tokenizer, "beach " * 200)) == LENGTH
    assert ids(tokenizer, "beach " * 200)[-1] == EOS


def test_false_texts_use_no_word_of_a_caption():
    everyday = everyday_words()
    assert not set(everyday) & {word for _, label, _ in labels() for word in label.split()}
    assert all(
        any(word in everyday for word in false_text(Random(seed), everyday).strip(".").split()) for seed in range(50)
    )


def test_the_truth_of_a_batch_is_exact(data, tokenizer):
    batch = Batches(np.load(data / "pictures.npy"), tokenizer, 8, seed=1).draw(full_length=True)
    asserted = batch.text_facts.sum(1)
    expected = (batch.picture_facts @ batch.text_facts.T == asserted) & (asserted > 0)
    assert (batch.truth.bool() == expected).all()
    assert batch.truth.any(1).all()
    assert batch.texts.shape[1] == LENGTH
    assert batch.pixels.shape == (8, 3, SIZE, SIZE)


def test_facts_of_pictures_equal_those_of_their_scenes(data, tokenizer):
    batches = Batches(np.load(data / "pictures.npy"), tokenizer, 4, seed=1)
    row = batches.columns(facts_of(scene_at("train", 0)))
    assert row.sum() == len(facts_of(scene_at("train", 0)))


def test_a_resumed_run_equals_an_uninterrupted_one(data, tmp_path):
    torch.set_num_threads(1)
    straight = Trainer(data, limit=24)
    losses = [straight.step(0.1 + 0.1 * number) for number in range(4)]
    first = Trainer(data, limit=24)
    before = [first.step(0.1), first.step(0.2)]
    first.save(tmp_path / "state")
    second = Trainer(data, limit=24)
    second.resume(tmp_path / "state")
    after = [second.step(0.3), second.step(0.4)]
    np.testing.assert_allclose(before + after, losses, rtol=1e-5)
    assert second.steps == 4


def test_a_resumed_run_keeps_its_tokenizer(data, tokenizer, tmp_path):
    # Like a change of the captions: a tokenizer learned now would give other ids.
    kept = json.loads(tokenizer.to_str())
    vocabulary = kept["model"]["vocab"]
    vocabulary["▁red"], vocabulary["▁blue"] = vocabulary["▁blue"], vocabulary["▁red"]
    first = Trainer(data, limit=24)
    first.tokenizer = Tokenizer.from_str(json.dumps(kept))
    first.batches.use(first.tokenizer)
    first.save(tmp_path / "state")
    second = Trainer(data, limit=24)
    second.resume(tmp_path / "state")
    assert ids(second.tokenizer, "a red car") == ids(first.tokenizer, "a red car") != ids(tokenizer, "a red car")
    assert (second.batches.draw(full_length=True).texts == first.batches.draw(full_length=True).texts).all()


def test_a_resumed_second_leg_keeps_its_settings(data, tmp_path):
    first = Trainer(data, limit=24)
    first.seconds = 60.0
    first.restart(6e-4)
    first.save(tmp_path / "state")
    second = Trainer(data, limit=24)
    second.resume(tmp_path / "state")
    assert (second.begun, second.seconds, second.rate, second.has_auxiliary) == (60.0, 60.0, 6e-4, False)


def test_an_exported_checkpoint_loads_everywhere(data, tmp_path):
    trainer = Trainer(data, limit=24)
    trainer.export(tmp_path / "demo")
    checkpoint = open_checkpoint(tmp_path / "demo")
    assert (checkpoint.dimension, checkpoint.image_size, checkpoint.text_length) == (128, 96, 64)
    assert checkpoint.logit_scale == pytest.approx(np.log(10), abs=1e-6)
    assert type(AutoModel.from_pretrained(tmp_path / "demo")).__name__ == "SiglipModel"
    assert AutoTokenizer.from_pretrained(tmp_path / "demo")("a car")["input_ids"][-1] == EOS
    assert AutoImageProcessor.from_pretrained(tmp_path / "demo", backend="pil").size == {"height": 96, "width": 96}
    assert sum(path.stat().st_size for path in (tmp_path / "demo").iterdir()) < 6_000_000
