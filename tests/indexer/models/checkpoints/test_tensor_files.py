"""Tensors are read from their files as the library safetensors reads them, and damage is an error."""

from __future__ import annotations

import gc
import os

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from indexer.models.checkpoints.tensor_files import TensorFiles


@pytest.fixture
def path(tmp_path):
    torch.manual_seed(0)
    names = ("float64", "float32", "float16", "bfloat16")
    tensors = {name: torch.randn(700, 5).to(getattr(torch, name)) for name in names}
    tensors |= {"scalar": torch.tensor(2.5), "whole": torch.arange(3), "none": torch.empty(0, 4)}
    save_file(tensors, tmp_path / "weights.safetensors", metadata={"format": "pt"})
    return tmp_path / "weights.safetensors"


@pytest.mark.parametrize("name", ["float64", "float32", "float16", "bfloat16", "none", "scalar"])
def test_tensors_are_those_of_safetensors(path, name):
    files, expected = TensorFiles([path]), load_file(path)[name].to(torch.float32).numpy()
    assert files.shape(name) == expected.shape
    np.testing.assert_array_equal(files.floats(name), expected)


@pytest.mark.parametrize("name", ["float32", "bfloat16"])
def test_rows_are_read_by_their_numbers_and_as_slices(path, name):
    files, expected = TensorFiles([path]), load_file(path)[name].to(torch.float32).numpy()
    numbers = np.array([[3, 699, 3], [0, 12, 11]])
    np.testing.assert_array_equal(files.rows(name, numbers), expected[numbers])
    np.testing.assert_array_equal(files.rows(name, slice(13, 410)), expected[13:410])
    with pytest.raises(IndexError):
        files.rows(name, np.array([700]))


def test_a_type_that_is_no_float_of_numpy_is_refused(path):
    files = TensorFiles([path])
    assert "whole" in files
    assert "other" not in files
    with pytest.raises(ValueError, match="whole is in I64"):
        files.floats("whole")


def test_a_file_that_is_cut_short_is_an_error(path):
    files = TensorFiles([path])
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(OSError, match=r"weights\.safetensors ends within "):
        [files.floats(name) for name in ("float64", "float32", "float16")]
    with pytest.raises(ValueError, match="ends within"):
        TensorFiles([path])


@pytest.mark.parametrize("content", [b"", b"\xff" * 9, b"\2\0\0\0\0\0\0\0[]", b"\2\0\0\0\0\0\0\0{"])
def test_a_file_of_another_form_is_refused(tmp_path, content):
    (tmp_path / "other").write_bytes(content)
    with pytest.raises(ValueError):  # noqa: PT011 - of several sentences
        TensorFiles([tmp_path / "other"])


def test_files_are_closed_with_the_last_reader(path):
    files = TensorFiles([path])
    descriptor = files.described("scalar").descriptor
    os.fstat(descriptor)
    del files
    gc.collect()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
