"""Linear layers of 8 bits."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from indexer.siglip import quantising
from indexer.siglip.layers import ACTIVATIONS
from indexer.siglip.quantising import quantised

PRODUCTS = [quantising._plain, *([quantising._packed] if quantising._has_packed() else [])]


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("fill", ["random", "extreme"])
def test_products_of_whole_numbers_are_exact(product, fill):
    numbers = np.random.default_rng(0)
    rows = numbers.integers(-127, 128, (70, 3072), np.int8)
    weight = numbers.integers(-127, 128, (48, 3072), np.int8)
    if fill == "extreme":
        # The sums that overflow first.
        rows[::2], weight[::2] = 127, 127
        rows[1::2], weight[1::2] = -127, -127
    expected = rows.astype(np.int64) @ weight.astype(np.int64).T
    made = product(torch.from_numpy(weight), torch.ones(48))(torch.from_numpy(rows.copy()))
    np.testing.assert_array_equal(made.numpy(), expected.astype(np.float32))


@pytest.mark.parametrize("product", PRODUCTS)
def test_each_column_has_its_own_scale(product):
    weight, scale = torch.ones(3, 4, dtype=torch.int8), torch.tensor([1.0, 0.5, 2.0])
    made = product(weight, scale)(torch.full((2, 4), 3, dtype=torch.int8))
    assert made.tolist() == [[12.0, 6.0, 24.0]] * 2


@pytest.mark.parametrize("activation", [None, *ACTIVATIONS])
def test_a_layer_is_near_the_one_that_it_was_made_from(activation):
    torch.manual_seed(0)
    weight, bias, rows = torch.randn(96, 768), torch.randn(96), torch.randn(2, 300, 768)
    # A row of another size does not cost the others their exactness, and one of zeros is no division by zero.
    rows[0, 5] *= 1000
    rows[1, 7] = 0
    exact = torch.nn.functional.linear(rows, weight, bias)
    made = quantised(weight, bias)(rows)
    error = (made - exact).norm(dim=-1) / exact.norm(dim=-1)
    assert made.shape == exact.shape
    assert error.max() < 0.02
    if activation:
        followed = quantised(weight, bias, activation)(rows)
        torch.testing.assert_close(followed, ACTIVATIONS[activation](made), atol=1e-4, rtol=1e-5)


def test_a_row_does_not_depend_on_those_beside_it():
    torch.manual_seed(0)
    layer, rows = quantised(torch.randn(96, 768), torch.randn(96), "gelu_pytorch_tanh"), torch.randn(300, 768)
    order = torch.randperm(300)
    np.testing.assert_array_equal(layer(rows)[order].numpy(), layer(rows[order]).numpy())
