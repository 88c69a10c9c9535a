"""Products of matrices in integers on a CPU: the ways to compute them, and the fastest one of this machine.

A way is chosen by trying: it must be exact on the largest sums, and it is timed at the shape of SigLIP's layers. The
processor's name says nothing for certain, and an environment variable may limit oneDNN to fewer instructions.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

import torch

from .devices import limit_threads

#: Rows that are multiplied at once: their products stay in a core's cache, and more gain nothing.
ROWS = 256
#: Added to a signed byte to make it unsigned; the same bits by exclusive or.
SIGN = 128
#: Outputs and inputs of the layer that products are timed with: the first of a block's MLP in base-patch16.
_SHAPE = (3072, 768)
_FEW, _ROUNDS = 16, 4
#: Ways that take so many times the best one's time on few rows are not tried on many.
_HOPELESS = 6

#: Multiplies uint8 rows, (n, k), with a matrix; the result is float32, each column times its scale.
Product = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True, slots=True)
class Range:
    """Integers of a product.

    Rows are bytes from *least* to *most* that stand for themselves less *zero*; weights are between -*weight* and
    *weight*.
    """

    least: int
    most: int
    zero: int
    weight: int


#: 8 bits each. Processors with VNNI add products of these in 32 bits.
WIDE = Range(1, 255, 128, 127)
#: 7.5 bits each. Processors without VNNI add pairs of products in 16 bits, where 2 x 181 x 90 has room and
#: 2 x 255 x 127 has not.
NARROW = Range(0, 181, 0, 90)

#: Makes the product with int8 weights, (m, k), and their scales, float32 (m,), for rows in a range.
MakeProduct = Callable[[torch.Tensor, torch.Tensor, Range], Product]


def packed_product(weight: torch.Tensor, scale: torch.Tensor, numbers: Range) -> Product:
    """A product by oneDNN, with the matrix in its packed layout."""
    laid_out = torch.ops.onednn.qlinear_prepack(weight, [ROWS, weight.shape[1]])
    zeros = torch.zeros(len(scale), dtype=torch.int64)
    operation = torch.ops.onednn.qlinear_pointwise.default

    def product(rows: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = operation(
            rows, 1.0, numbers.zero, laid_out, scale, zeros, None, 1.0, 0, torch.float32, "none", [], ""
        )
        return made

    return product


def whole(weight: torch.Tensor, scale: torch.Tensor, numbers: Range) -> Product:
    """A product by torch's public operation for integers, which is a plain loop on some processors."""
    turned = weight.t()
    # The operation takes signed bytes, so 128 is subtracted from every row, and its share in the sums added again.
    share = weight.sum(1, dtype=torch.int32) * (SIGN - numbers.zero)

    def product(rows: torch.Tensor) -> torch.Tensor:
        signed = rows.bitwise_xor(SIGN).view(torch.int8)
        return torch._int_mm(signed, turned).add_(share).float().mul_(scale)  # noqa: SLF001 - it has no public name

    return product


def in_floats(weight: torch.Tensor, scale: torch.Tensor, numbers: Range) -> Product:
    """A product by float32 numbers that are integers: as fast as float32 on any machine.

    Sums are exact up to 2^24, so longer rows are multiplied in parts, whose sums are added in float64.
    """
    longest = 2**24 // (max(numbers.most - numbers.zero, numbers.zero - numbers.least) * numbers.weight)
    starts = range(0, weight.shape[1], longest)
    parts = [weight[:, start : start + longest].float().contiguous() for start in starts]

    def product(rows: torch.Tensor) -> torch.Tensor:
        floats = rows.float().sub_(numbers.zero)
        pieces = [floats[:, start : start + longest] for start in starts]
        made = [torch.nn.functional.linear(piece, part) for piece, part in zip(pieces, parts, strict=True)]
        if len(made) == 1:
            return made[0].mul_(scale)
        total = made[0].double()
        for each in made[1:]:
            total.add_(each)
        return total.float().mul_(scale)

    return product


@dataclass(frozen=True, slots=True)
class TimedProduct:
    """A way to multiply that is exact on this machine, and the CPU seconds of one product at the layers' shape."""

    make: MakeProduct
    seconds: float


@cache
def fastest(numbers: Range) -> TimedProduct:
    """The fastest exact way to multiply rows of *numbers*. It is found in some 50 ms, and remembered."""
    makes = [make for make in (packed_product, whole, in_floats) if _is_exact(make, numbers)]
    return min(_tried(makes, numbers), key=lambda trial: trial.seconds)


def _is_exact(make: MakeProduct, numbers: Range) -> bool:
    """Return whether *make* gives the largest sums exactly; also False if this torch lacks the operation."""
    rows = torch.full((ROWS, ROWS), numbers.most, dtype=torch.uint8)
    rows[1::2] = numbers.least
    weight = torch.full((ROWS, ROWS), numbers.weight, dtype=torch.int8)
    weight[1::2] = -numbers.weight
    expected = (rows.double() - numbers.zero) @ weight.double().T
    try:
        made = make(weight, torch.ones(ROWS), numbers)(rows)
    except (RuntimeError, AttributeError, NotImplementedError):
        return False
    return bool((made.double() == expected).all())


def _tried(makes: Iterable[MakeProduct], numbers: Range) -> list[TimedProduct]:
    # In one thread of its own, whose CPU time other work does not change.
    with ThreadPoolExecutor(1, "trial", initializer=limit_threads, initargs=(1,)) as thread:
        return thread.submit(_raced, makes, numbers).result()


@torch.inference_mode()
def _raced(makes: Iterable[MakeProduct], numbers: Range) -> list[TimedProduct]:
    columns, length = _SHAPE
    weight, scale = torch.ones(columns, length, dtype=torch.int8), torch.ones(columns)
    rows = torch.full((ROWS, length), numbers.most, dtype=torch.uint8)
    products = {make: make(weight, scale, numbers) for make in makes}
    # Of few rows first: a plain loop takes 25 times as long as float32.
    quick = {make: _seconds(product, rows[:_FEW], 2) for make, product in products.items()}
    kept = [make for make, seconds in quick.items() if seconds <= _HOPELESS * min(quick.values())]
    best = dict.fromkeys(kept, float("inf"))
    for _ in range(_ROUNDS):
        for make in kept:
            best[make] = min(best[make], _seconds(products[make], rows, 1))
    return [TimedProduct(make, seconds) for make, seconds in best.items()]


def _seconds(product: Product, rows: torch.Tensor, times: int) -> float:
    """The least CPU seconds of this thread in some calls."""
    best = float("inf")
    for _ in range(times):
        start = time.thread_time()
        product(rows)
        best = min(best, time.thread_time() - start)
    return best
