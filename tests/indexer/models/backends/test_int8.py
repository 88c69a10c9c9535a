"""Linear layers in int8."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from indexer.models.backends import int8_products
from indexer.models.backends.int8 import better_int8, fastest_int8, quantised
from indexer.models.backends.int8_products import (
    NARROW,
    ROWS,
    WIDE,
    TimedProduct,
    fastest,
    in_floats,
    packed_product,
    whole,
)
from indexer.models.backends.linear import ACTIVATIONS, linear
from indexer.models.errors import DeviceUnavailable

RANGES = [WIDE, NARROW]
PRECISIONS = ["int8", "int8-narrow"]
#: Makes the figures of one process without VNNI, whose oneDNN is limited to the instructions of such a processor.
IN_A_PROCESS = """
import json
from indexer.models.backends.int8 import fastest_int8
from indexer.models.backends.int8_products import WIDE, NARROW, fastest, packed_product
from indexer.models.backends import int8_products
from tests.indexer.models.backends.test_int8 import beside_float32, is_exact
print(json.dumps({
    "packed in 8 bits": int8_products._is_exact(packed_product, WIDE),
    "precision": fastest_int8(),
    "exact": [is_exact(fastest(each).make, each) for each in (WIDE, NARROW)],
    "speeds": [beside_float32("int8-narrow", shape) for shape in ((3072, 768), (768, 3072))],
    "speed in 8 bits": beside_float32("int8", (3072, 768)),
}))
"""


def is_exact(make, numbers):
    """True if the sums of the largest numbers, and of random ones, are those of 64-bit integers."""
    random = np.random.default_rng(0)
    rows = random.integers(numbers.least, numbers.most + 1, (70, 3072)).astype(np.uint8)
    weight = random.integers(-numbers.weight, numbers.weight + 1, (48, 3072)).astype(np.int8)
    rows[:20:2], rows[1:20:2] = numbers.most, numbers.least
    weight[:12:2], weight[1:12:2] = numbers.weight, -numbers.weight
    expected = (rows.astype(np.int64) - numbers.zero) @ weight.astype(np.int64).T
    product = make(torch.from_numpy(weight), torch.ones(48), numbers)
    return bool((product(torch.from_numpy(rows)).numpy() == expected.astype(np.float32)).all())


def beside_float32(precision, shape):
    """Times as fast as float32 a layer is with weights of that shape: the best of some rounds in turns, CPU seconds."""
    torch.manual_seed(0)
    weight, bias, rows = torch.randn(shape), torch.randn(shape[0]), torch.randn(ROWS, shape[1])
    layers = [linear(weight, bias), quantised(weight, bias, precision=precision)]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    best = [float("inf")] * 2
    with torch.inference_mode():
        for _ in range(12):
            for number, layer in enumerate(layers):
                start = time.thread_time()
                layer(rows)
                best[number] = min(best[number], time.thread_time() - start)
    torch.set_num_threads(threads)
    return best[0] / best[1]


@pytest.mark.parametrize("numbers", RANGES)
def test_the_products_in_use_are_exact(numbers):
    assert is_exact(fastest(numbers).make, numbers)


@pytest.mark.parametrize("numbers", RANGES)
def test_integers_in_floats_are_exact_on_any_machine(numbers):
    assert is_exact(in_floats, numbers)


def test_inexact_products_are_found():
    # Sixteen bits for a pair of products of 8 bits, as in processors without VNNI.
    def overflowing(weight, scale, numbers):
        def product(rows):
            pairs = (rows.int()[:, None] * weight.int()).unflatten(-1, (-1, 2)).sum(-1).clamp(-(2**15), 2**15 - 1)
            return (pairs.sum(-1) - numbers.zero * weight.sum(1)).float() * scale

        return product

    for is_found_exact in (is_exact, int8_products._is_exact):
        assert not is_found_exact(overflowing, WIDE)
        assert is_found_exact(overflowing, NARROW)


@pytest.mark.parametrize("numbers", RANGES)
@pytest.mark.parametrize("make", [packed_product, whole, in_floats])
def test_each_column_has_its_own_scale(make, numbers):
    weight, scale = torch.ones(3, 4, dtype=torch.int8), torch.tensor([1.0, 0.5, 2.0])
    made = make(weight, scale, numbers)(torch.full((2, 4), 3 + numbers.zero, dtype=torch.uint8))
    assert made.tolist() == [[12.0, 6.0, 24.0]] * 2


@pytest.mark.parametrize("activation", [None, *ACTIVATIONS])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_an_int8_layer_is_near_its_float32_original(precision, activation):
    torch.manual_seed(0)
    weight, bias, rows = torch.randn(96, 768), torch.randn(96), torch.randn(2, 300, 768)
    # A row of another magnitude does not make the others less exact; zeros and equal numbers do not divide by zero.
    rows[0, 5] *= 1000
    rows[1, 7] = 0
    rows[1, 8] = 3
    rows[1, 9] = -1e-30
    exact = torch.nn.functional.linear(rows, weight, bias)
    made = quantised(weight, bias, precision=precision)(rows)
    error = (made - exact).norm(dim=-1) / exact.norm(dim=-1)
    assert made.shape == exact.shape
    assert error.max() < (0.025 if precision == "int8-narrow" else 0.02)
    if activation:
        followed = quantised(weight, bias, activation, precision=precision)(rows)
        torch.testing.assert_close(followed, ACTIVATIONS[activation](made), atol=1e-4, rtol=1e-5)


def test_narrow_integers_after_an_activation_are_nearly_as_exact_as_eight_bits():
    # Most numbers are above zero there, so a range around zero would waste half of its steps.
    torch.manual_seed(0)
    weight, bias = torch.randn(96, 3072), torch.zeros(96)
    rows = torch.nn.functional.gelu(torch.randn(200, 3072), approximate="tanh")
    exact = torch.nn.functional.linear(rows, weight, bias)
    errors = [(quantised(weight, bias, precision=each)(rows) - exact).norm() for each in PRECISIONS]
    assert errors[1] < 1.2 * errors[0]


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_row_does_not_depend_on_other_rows(precision):
    torch.manual_seed(0)
    layer = quantised(torch.randn(96, 768), torch.randn(96), "gelu_pytorch_tanh", precision=precision)
    rows, order = torch.randn(300, 768), torch.randperm(300)
    np.testing.assert_array_equal(layer(rows)[order].numpy(), layer(rows[order]).numpy())


@pytest.mark.parametrize("shape", [(3072, 768), (768, 3072)])
def test_int8_is_faster_than_float32_on_this_machine(shape):
    # The layers of a block's MLP.
    try:
        precision = fastest_int8()
    except DeviceUnavailable:
        pytest.skip("nothing is faster than float32 here, and int8 is refused for new libraries")
    assert beside_float32(precision, shape) > 1.3


@pytest.mark.parametrize(
    ("wide", "narrow", "precision"),
    [
        (TimedProduct(packed_product, 1), TimedProduct(packed_product, 1), "int8"),
        (TimedProduct(packed_product, 1.1), TimedProduct(packed_product, 1), "int8"),
        (TimedProduct(in_floats, 2), TimedProduct(packed_product, 1), "int8-narrow"),
        (TimedProduct(in_floats, 1), TimedProduct(in_floats, 1), None),
    ],
)
def test_narrow_integers_must_be_clearly_faster_and_int8_faster_than_floats(wide, narrow, precision):
    if precision is None:
        with pytest.raises(DeviceUnavailable, match="float32"):
            better_int8(wide, narrow)
    else:
        assert better_int8(wide, narrow) == precision


@pytest.mark.parametrize("isa", ["AVX2", "AVX512_CORE"])
def test_processors_without_vnni_use_narrow_integers(isa):
    environment = {**os.environ, "ONEDNN_MAX_CPU_ISA": isa}
    done = subprocess.run([sys.executable, "-c", IN_A_PROCESS], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    if made["packed in 8 bits"]:
        pytest.skip("this machine's oneDNN ignores the limit")
    assert made["precision"] == "int8-narrow"
    assert made["exact"] == [True, True]
    # Measured: 2.0 and 1.8 times.
    assert min(made["speeds"]) > 1.3
    # Spaces in 8 bits keep their vectors there, at about the speed of float32.
    assert made["speed in 8 bits"] > 0.7
