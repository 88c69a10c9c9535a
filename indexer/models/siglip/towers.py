"""The two towers of SigLIP in torch (Zhai and others 2023, arXiv 2303.15343), with the same operations as transformers.

transformers itself takes twice as long to import as torch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import torch
from torch.nn import functional

from indexer.models.backends.devices import IN_INT8
from indexer.models.backends.linear import PLAIN, Layer, LinearLayers, MakeLinear, linear
from indexer.models.backends.stored_weights import STORED_FLOATS
from indexer.models.checkpoints.checkpoint import Checkpoint
from indexer.models.checkpoints.config import TransformerShape
from indexer.models.checkpoints.tensor_files import Stored, TensorFiles
from indexer.models.device_names import CPU
from indexer.models.errors import CheckpointDamaged

#: Data types of weights and pixels. int8 layers are made from float32 weights.
DTYPES = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    **dict.fromkeys(IN_INT8, torch.float32),
}
_COLOURS = 3
#: Bytes of interpolated positions that are remembered: of base size, 85 shapes of 256 patches, or 21 of 1024.
_REMEMBERED = 1 << 26


class TextTower:
    """The text tower in float32. Raises `CheckpointDamaged` if a weight is missing."""

    def __init__(self, checkpoint: Checkpoint, device: str) -> None:
        weights, shape = TowerWeights(checkpoint, "text_model", device, "float32"), checkpoint.text
        self._tokens = weights.rows("embeddings.token_embedding.weight", checkpoint.vocabulary, shape.width)
        self._places = weights("embeddings.position_embedding.weight", checkpoint.text_length, shape.width)
        self._encoder = TransformerEncoder(weights, shape, PLAIN)
        self._last = layer_norm(weights, "final_layer_norm", shape)
        self._head = linear(
            weights("head.weight", checkpoint.dimension, shape.width), weights("head.bias", checkpoint.dimension)
        )

    def __call__(self, ids: torch.Tensor) -> torch.Tensor:
        """Vectors, (n, d), of token ids, int64 (n, text_length)."""
        states = self._encoder(self._tokens(ids) + self._places)
        # SigLIP reads the last position, padding or not.
        return self._head(self._last(states)[:, -1])


class VisionTower:
    """The image tower in *precision*; *layers* makes its linear layers. Raises `CheckpointDamaged`."""

    def __init__(self, checkpoint: Checkpoint, device: str, precision: str, layers: LinearLayers = PLAIN) -> None:
        weights, shape = TowerWeights(checkpoint, "vision_model", device, precision), checkpoint.vision
        if checkpoint.patches is None:
            self._embed = _patches(weights, checkpoint.patch_size, shape.width, layers)
            table = weights("embeddings.position_embedding.weight", checkpoint.grid**2, shape.width)
            self._places: Callable[[int, int], torch.Tensor] = lambda _rows, _columns: table
        else:
            self._embed = _flexible_patches(weights, checkpoint.patch_size, shape.width, layers)
            self._places = InterpolatedPositions(checkpoint, device, precision)
        self._patch = checkpoint.patch_size
        self._encoder = TransformerEncoder(weights, shape, layers)
        self._last = layer_norm(weights, "post_layernorm", shape)
        self._head = _PoolingHead(weights, shape, layers)

    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        """Vectors, (n, d), of scaled pixels, (n, height, width, 3)."""
        places = self._places(pixels.shape[1] // self._patch, pixels.shape[2] // self._patch)
        return self._head(self._last(self._encoder(self._embed(pixels) + places)))


class InterpolatedPositions:
    """The positions of a NaFlex checkpoint, interpolated from its square table for each shape of pictures.

    It interpolates on the CPU in float32, whatever the device and the precision, and remembers the last shapes.
    """

    def __init__(self, checkpoint: Checkpoint, device: str, precision: str) -> None:
        width, side = checkpoint.vision.width, checkpoint.grid
        weights = TowerWeights(checkpoint, "vision_model", "cpu", "float32")
        table = weights("embeddings.position_embedding.weight", side * side, width)
        # (1, width, side, side), as `interpolate` wants it.
        self._table = table.view(side, side, width).permute(2, 0, 1).unsqueeze(0)
        self._device, self._dtype = device, DTYPES[precision]
        most = (checkpoint.patches or side * side) * width * self._dtype.itemsize
        self._remembered = lru_cache(max(1, _REMEMBERED // most))(self._interpolated)

    def __call__(self, rows: int, columns: int) -> torch.Tensor:
        """The positions of *rows* times *columns* patches, row by row, (rows * columns, width)."""
        return self._remembered(rows, columns)

    def _interpolated(self, rows: int, columns: int) -> torch.Tensor:
        made = functional.interpolate(
            self._table, (rows, columns), mode="bilinear", align_corners=False, antialias=True
        )
        return made[0].flatten(1).t().contiguous().to(self._device, self._dtype)


def _patches(weights: TowerWeights, size: int, width: int, layers: LinearLayers) -> Layer:
    """The patch embedding: pixels, (n, side, side, 3), become vectors of patches, (n, patches, width)."""
    weight = weights("embeddings.patch_embedding.weight", width, _COLOURS, size, size)
    bias = weights("embeddings.patch_embedding.bias", width)
    if layers.patches is None:
        return lambda pixels: (
            functional.conv2d(pixels.permute(0, 3, 1, 2), weight, bias, stride=size).flatten(2).transpose(1, 2)
        )
    # A convolution with a stride as long as its kernel is a product of patches and one matrix.
    embed = layers.patches(weight.permute(0, 2, 3, 1).reshape(width, -1), bias)
    return lambda pixels: embed(cut(pixels, size))


def _flexible_patches(weights: TowerWeights, size: int, width: int, layers: LinearLayers) -> Layer:
    """The patch embedding of a NaFlex checkpoint, whose weight is a matrix: its inputs are row, column, channel."""
    make = layers.patches or layers.linear
    embed = make(
        weights("embeddings.patch_embedding.weight", width, size * size * _COLOURS),
        weights("embeddings.patch_embedding.bias", width),
    )
    return lambda pixels: embed(cut(pixels, size))


def cut(pixels: torch.Tensor, size: int) -> torch.Tensor:
    """*pixels*, (n, height, width, 3), as patches row by row, (n, patches, size * size * 3). What is left over goes."""
    count, rows, columns = pixels.shape[0], pixels.shape[1] // size, pixels.shape[2] // size
    whole = pixels[:, : rows * size, : columns * size].reshape(count, rows, size, columns, -1)
    return whole.transpose(2, 3).reshape(count, rows * columns, -1)


class _PoolingHead:
    """Attention pooling: a learnt probe attends to all patches and gives one vector."""

    def __init__(self, weights: TowerWeights, shape: TransformerShape, layers: LinearLayers) -> None:
        width = shape.width
        self._heads = shape.heads
        into = weights("head.attention.in_proj_weight", 3 * width, width)
        into_bias = weights("head.attention.in_proj_bias", 3 * width)
        # The query is the same for every picture. A copy, since a matrix's memory layout changes products of one row.
        self._query = functional.linear(weights("head.probe", 1, 1, width), into[:width].clone(), into_bias[:width])
        self._project = layers.linear(into[width:], into_bias[width:])
        self._out = linear(
            weights("head.attention.out_proj.weight", width, width), weights("head.attention.out_proj.bias", width)
        )
        self._norm = layer_norm(weights, "head.layernorm", shape)
        self._mlp = mlp(weights, "head.mlp", shape, layers.linear)

    def __call__(self, states: torch.Tensor) -> torch.Tensor:
        keys, values = (in_heads(part, self._heads) for part in self._project(states).chunk(2, -1))
        query = in_heads(self._query.expand(len(states), -1, -1), self._heads)
        found = functional.scaled_dot_product_attention(query, keys, values)
        found = self._out(found.transpose(1, 2).flatten(2))
        return (found + self._mlp(self._norm(found)))[:, 0]


def layer_norm(weights: TowerWeights, name: str, shape: TransformerShape) -> Layer:
    """The layer normalisation of that name."""
    weight, bias = weights(f"{name}.weight", shape.width), weights(f"{name}.bias", shape.width)
    return lambda states: functional.layer_norm(states, (shape.width,), weight, bias, shape.epsilon)


def mlp(weights: TowerWeights, name: str, shape: TransformerShape, make: MakeLinear) -> Layer:
    """The two linear layers of that name, and the activation between them."""
    into = make(
        weights(f"{name}.fc1.weight", shape.inner, shape.width),
        weights(f"{name}.fc1.bias", shape.inner),
        shape.activation,
    )
    back = make(weights(f"{name}.fc2.weight", shape.width, shape.inner), weights(f"{name}.fc2.bias", shape.width))
    return lambda states: back(into(states))


class TransformerEncoder:
    """A tower's layers in sequence; *layers* makes their linear layers."""

    def __init__(self, weights: TowerWeights, shape: TransformerShape, layers: LinearLayers) -> None:
        self._layers = [
            _EncoderLayer(weights, f"encoder.layers.{number}", shape, layers) for number in range(shape.layers)
        ]

    def __call__(self, states: torch.Tensor) -> torch.Tensor:
        """Apply the layers to *states*, (n, tokens, width)."""
        for layer in self._layers:
            states = layer(states)
        return states


class _EncoderLayer:
    def __init__(self, weights: TowerWeights, name: str, shape: TransformerShape, layers: LinearLayers) -> None:
        def square(part: str) -> tuple[torch.Tensor, torch.Tensor]:
            full = f"{name}.self_attn.{part}"
            return weights(f"{full}.weight", shape.width, shape.width), weights(f"{full}.bias", shape.width)

        self._heads = shape.heads
        self._first, self._second = (layer_norm(weights, f"{name}.layer_norm{number}", shape) for number in (1, 2))
        self._project = _projection([square(part) for part in ("q_proj", "k_proj", "v_proj")], layers)
        self._out = layers.linear(*square("out_proj"))
        self._mlp = mlp(weights, f"{name}.mlp", shape, layers.linear)

    def __call__(self, states: torch.Tensor) -> torch.Tensor:
        states = states + self._attention(self._first(states))
        return states + self._mlp(self._second(states))

    def _attention(self, states: torch.Tensor) -> torch.Tensor:
        # Without a mask: SigLIP was trained with attention to all tokens, padding included.
        queries, keys, values = (in_heads(part, self._heads) for part in self._project(states))
        found = functional.scaled_dot_product_attention(queries, keys, values)
        return self._out(found.transpose(1, 2).flatten(2))


def in_heads(states: torch.Tensor, heads: int) -> torch.Tensor:
    """*states*, (n, tokens, width), as (n, heads, tokens, width / heads)."""
    return states.view(*states.shape[:2], heads, -1).transpose(1, 2)


def _projection(
    matrices: list[tuple[torch.Tensor, torch.Tensor]], layers: LinearLayers
) -> Callable[[torch.Tensor], Sequence[torch.Tensor]]:
    """Several linear layers of one input; their outputs in order."""
    if layers.patches is None:
        separate = [layers.linear(weight, bias) for weight, bias in matrices]
        return lambda states: [layer(states) for layer in separate]
    joined = layers.linear(torch.cat([weight for weight, _ in matrices]), torch.cat([bias for _, bias in matrices]))
    return lambda states: joined(states).chunk(len(matrices), -1)


class TowerWeights:
    """The weights of one tower, named below *tower*, on *device* and in *precision*.

    They are copied out of their files, which may change later. Weights of the other tower are not read. Raises
    `CheckpointDamaged`.
    """

    def __init__(self, checkpoint: Checkpoint, tower: str, device: str, precision: str) -> None:
        self._folder = checkpoint.folder
        self._tower = tower
        self._device = device
        self._dtype = DTYPES[precision]
        self._scratch = torch.empty(0, dtype=torch.uint8)
        try:
            self._files = TensorFiles(checkpoint.weights)
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise CheckpointDamaged(self._folder, f"its weights cannot be read ({error})") from error

    def __call__(self, name: str, *shape: int) -> torch.Tensor:
        """The weight of that name. It must have that *shape*, in which 0 stands for any size."""
        full, stored = self._checked(name, shape)
        dtype = STORED_FLOATS[stored.dtype]
        is_kept = self._device == CPU and dtype == self._dtype
        buffer = self._buffer(stored.size, is_kept=is_kept)
        try:
            self._files.fill(full, buffer.numpy())
        except OSError as error:
            raise CheckpointDamaged(self._folder, f"{full} cannot be read ({error})") from error
        return buffer.view(dtype).reshape(stored.shape).to(self._device, self._dtype, copy=not is_kept)

    def _buffer(self, size: int, *, is_kept: bool) -> torch.Tensor:
        """Memory for *size* bytes: its own if it *is_kept*, or what was used for the weight before."""
        if is_kept:
            return torch.empty(size, dtype=torch.uint8)
        if len(self._scratch) < size:
            self._scratch = torch.empty(size, dtype=torch.uint8)
        return self._scratch[:size]

    def rows(self, name: str, *shape: int) -> Layer:
        """Rows of the weight of that name by their numbers, int64, in float32.

        On the CPU each is read when it is wanted: of a table of tokens, a text has a few. Raises `OSError` then.
        """
        if self._device != CPU:
            table = self(name, *shape)
            return lambda ids: functional.embedding(ids, table)
        full, _ = self._checked(name, shape)
        return lambda ids: torch.from_numpy(self._files.rows(full, ids.numpy()))

    def _checked(self, name: str, shape: tuple[int, ...]) -> tuple[str, Stored]:
        full = f"{self._tower}.{name}"
        if full not in self._files:
            raise CheckpointDamaged(self._folder, f"its weights lack {full}")
        stored = self._files.described(full)
        if len(stored.shape) != len(shape) or any(
            wanted not in {0, size} for wanted, size in zip(shape, stored.shape, strict=True)
        ):
            raise CheckpointDamaged(self._folder, f"{full} is {stored.shape} and not {shape}")
        if stored.dtype not in STORED_FLOATS:
            # Weights of whole numbers have scales that only their own library knows.
            raise CheckpointDamaged(self._folder, f"{full} is in {stored.dtype}, which config.json does not say")
        return full, stored
