"""The text encoder in numpy agrees with transformers."""

import dataclasses
import json
import shutil
import struct
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModel

from indexer.models import open_checkpoint
from indexer.models.checkpoints.safetensors_map import MappedArrays
from indexer.models.checkpoints.tensor_files import TensorFiles
from indexer.models.siglip.text_encoder import NumpyTextEncoder
from tests.checkpoints import in_shards

KINDS = ["v1", "v1 of 16 tokens", "v2", "v2 of two widths", "v2 with marks"]


def some_ids(checkpoint, count=9):
    shape = (count, checkpoint.text_length)
    return np.random.default_rng(0).integers(0, 90, shape)


def reference(folder, ids):
    """Vectors by the whole model in transformers, in float32."""
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.inference_mode():
        pooled = model.get_text_features(input_ids=torch.from_numpy(ids)).pooler_output
    return torch.nn.functional.normalize(pooled, dim=-1).numpy()


def differ(ours, theirs):
    cosines = (ours.astype(np.float64) * theirs).sum(1)
    return max(np.abs(ours - theirs).max(), np.abs(1 - cosines).max())


@pytest.mark.parametrize("kind", KINDS)
def test_vectors_equal_those_of_transformers(checkpoints, kind):
    checkpoint = open_checkpoint(checkpoints[kind])
    ids = some_ids(checkpoint)
    ours = NumpyTextEncoder(checkpoint).encode(ids)
    assert ours.dtype == np.float32
    assert np.ptp(ours, axis=0).max() > 0.1, "texts that are all the same would prove nothing"
    assert differ(ours, reference(checkpoint.folder, ids)) < 1e-6


@pytest.mark.parametrize("stored", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("threads", [2, 3, 4])
def test_vectors_are_the_same_with_several_threads(checkpoints, tmp_path, stored, threads):
    folder = shutil.copytree(checkpoints["v2 of two widths"], tmp_path / "checkpoint")
    weights = {name: weight.to(stored) for name, weight in load_file(folder / "model.safetensors").items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    checkpoint = open_checkpoint(folder)
    ids = some_ids(checkpoint)
    ours = NumpyTextEncoder(checkpoint, threads, least=1).encode(ids)
    assert differ(ours, reference(folder, ids)) < 1e-6


def test_callers_on_several_threads_may_share_an_encoder(checkpoints):
    checkpoint = open_checkpoint(checkpoints["v2"])
    tower, ids = NumpyTextEncoder(checkpoint, 2, least=1), some_ids(checkpoint)
    alone = tower.encode(ids)
    with ThreadPoolExecutor(4) as askers:
        for found in askers.map(tower.encode, [ids] * 20):
            np.testing.assert_array_equal(found, alone)


@pytest.mark.parametrize("stored", [torch.float16, torch.bfloat16])
def test_half_precision_weights_are_widened_as_in_transformers(checkpoints, tmp_path, stored):
    folder = shutil.copytree(checkpoints["v2 of two widths"], tmp_path / "half")
    weights = {name: weight.to(stored) for name, weight in load_file(folder / "model.safetensors").items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    checkpoint = open_checkpoint(folder)
    ids = some_ids(checkpoint)
    ours = NumpyTextEncoder(checkpoint).encode(ids)
    assert differ(ours, reference(folder, ids)) < 1e-6
    assert differ(ours, reference(checkpoints["v2 of two widths"], ids)) > 1e-5


def test_weights_in_several_files_are_found(checkpoints, tmp_path):
    ids = some_ids(open_checkpoint(checkpoints["v2"]))
    parts = NumpyTextEncoder(open_checkpoint(in_shards(checkpoints["v2"], tmp_path / "shards"))).encode(ids)
    np.testing.assert_array_equal(parts, NumpyTextEncoder(open_checkpoint(checkpoints["v2"])).encode(ids))


def test_a_vector_does_not_depend_on_its_batch_and_no_texts_give_none(checkpoints):
    checkpoint = open_checkpoint(checkpoints["v2"])
    tower, ids = NumpyTextEncoder(checkpoint), some_ids(checkpoint)
    alone = np.concatenate([tower.encode(one[None]) for one in ids])
    assert np.abs(tower.encode(ids) - alone).max() < 1e-6
    assert tower.encode(ids[:0]).shape == (0, checkpoint.dimension)


def test_towers_that_numpy_does_not_support_are_refused(checkpoints):
    checkpoint = open_checkpoint(checkpoints["v2"])
    with pytest.raises(ValueError, match="quick_gelu"):
        NumpyTextEncoder(
            dataclasses.replace(checkpoint, text=dataclasses.replace(checkpoint.text, activation="quick_gelu"))
        )
    with pytest.raises(ValueError, match="fc1"):
        NumpyTextEncoder(dataclasses.replace(checkpoint, text=dataclasses.replace(checkpoint.text, inner=65)))
    with pytest.raises(ValueError, match="missing"):
        NumpyTextEncoder(dataclasses.replace(checkpoint, weights=()))


def test_only_the_requested_rows_are_read(tmp_path):
    # The file is sparse: reading its 40 GB would take minutes.
    rows, width = 10_000_000, 1000
    header = json.dumps({"table": {"dtype": "F32", "shape": [rows, width], "data_offsets": [0, 4 * rows * width]}})
    path = tmp_path / "vast.safetensors"
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(header)) + header.encode())
        start = file.tell()
        file.truncate(start + 4 * rows * width)
        file.seek(start + 4 * width * 7_000_000)
        file.write(np.full(width, 3, np.float32).tobytes())
    found = TensorFiles([path]).rows("table", np.array([[7_000_000, 5]]))
    assert found.shape == (1, 2, width)
    assert (found[0, 0] == 3).all()
    assert (found[0, 1] == 0).all()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x02\0\0\0\0\0\0\0[]",
        b"\xff" * 40,
        struct.pack("<Q", 60) + b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'.ljust(60) + b"\0" * 7,
    ],
)
def test_invalid_safetensors_files_are_refused(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ValueError):  # noqa: PT011 - each comes from another reader
        MappedArrays([tmp_path / "file"])
