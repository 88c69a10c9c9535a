"""Linear layers in int8."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from indexer.models.backends import int8
from indexer.models.backends.int8 import quantised
from indexer.models.backends.linear import ACTIVATIONS

PRODUCTS = [int8._plain, *([int8._packed] if int8._has_packed() else [])]


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("fill", ["random", "extreme"])
def test_integer_products_are_exact(product, fill):
    numbers, most = np.random.default_rng(0), int8._most_of(product)
    rows = numbers.integers(-127, 128, (70, 3072), np.int8)
    weight = numbers.integers(-most, most + 1, (48, 3072), np.int8)
    if fill == "extreme":
        # The largest sums.
        rows[::2], weight[::2] = 127, most
        rows[1::2], weight[1::2] = -127, -most
    expected = rows.astype(np.int64) @ weight.astype(np.int64).T
    made = product(torch.from_numpy(weight), torch.ones(48))(torch.from_numpy(rows.copy()))
    np.testing.assert_array_equal(made.numpy(), expected.astype(np.float32))


@pytest.mark.parametrize("product", PRODUCTS)
def test_each_column_has_its_own_scale(product):
    weight, scale = torch.ones(3, 4, dtype=torch.int8), torch.tensor([1.0, 0.5, 2.0])
    made = product(weight, scale)(torch.full((2, 4), 3, dtype=torch.int8))
    assert made.tolist() == [[12.0, 6.0, 24.0]] * 2


@pytest.mark.parametrize("activation", [None, *ACTIVATIONS])
def test_an_int8_layer_is_near_its_float32_original(activation):
    torch.manual_seed(0)
    weight, bias, rows = torch.randn(96, 768), torch.randn(96), torch.randn(2, 300, 768)
    # A row of another magnitude does not make the others less exact, and one of zeros does not divide by zero.
    rows[0, 5] *= 1000
    rows[1, 7] = 0
    exact = torch.nn.functional.linear(rows, weight, bias)
    made = quantised(weight, bias)(rows)
    error = (made - exact).norm(dim=-1) / exact.norm(dim=-1)
    assert made.shape == exact.shape
    # Weights of seven bits, on processors that need them, are half as exact.
    has_eight = int8._most_of(int8._packed if int8._has_packed() else int8._plain) == 127
    assert error.max() < (0.02 if has_eight else 0.03)
    if activation:
        followed = quantised(weight, bias, activation)(rows)
        torch.testing.assert_close(followed, ACTIVATIONS[activation](made), atol=1e-4, rtol=1e-5)


def test_a_row_does_not_depend_on_other_rows():
    torch.manual_seed(0)
    layer, rows = quantised(torch.randn(96, 768), torch.randn(96), "gelu_pytorch_tanh"), torch.randn(300, 768)
    order = torch.randperm(300)
    np.testing.assert_array_equal(layer(rows)[order].numpy(), layer(rows[order]).numpy())


@pytest.mark.parametrize("isa", ["AVX2", "AVX512_CORE"])
def test_on_processors_without_vnni_products_are_exact_with_fewer_bits(isa):
    script = (
        "import numpy as np, torch\n"
        "from indexer.models.backends import int8\n"
        "for make in (int8._plain, int8._packed):\n"
        "    most = int8._most_of(make)\n"
        "    rows = np.full((70, 3072), 127, np.int8)\n"
        "    rows[::2] = -127\n"
        "    weight = np.full((48, 3072), most, np.int8)\n"
        "    weight[::3] = -most\n"
        "    made = make(torch.from_numpy(weight), torch.ones(48))(torch.from_numpy(rows.copy())).numpy()\n"
        "    print(most, (made == rows.astype(int) @ weight.astype(int).T).all())\n"
    )
    # oneDNN is limited to the instructions of such a processor.
    environment = {**os.environ, "ONEDNN_MAX_CPU_ISA": isa}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment)
    if "127 True" in done.stdout:
        pytest.skip("this machine's oneDNN ignores the limit")
    assert done.stdout == "63 True\n63 True\n", done.stderr


def test_a_layer_with_weights_of_seven_bits_is_near_its_original(monkeypatch):
    monkeypatch.setattr(int8, "_most_of", lambda _: int8._FEWER)
    torch.manual_seed(0)
    weight, bias, rows = torch.randn(96, 768), torch.randn(96), torch.randn(300, 768)
    exact = torch.nn.functional.linear(rows, weight, bias)
    error = (quantised(weight, bias)(rows) - exact).norm(dim=-1) / exact.norm(dim=-1)
    assert error.max() < 0.03
