"""The two towers in torch: SigLIP (Zhai and others 2023, arXiv 2303.15343) as transformers has it.

transformers itself takes twice as long to be imported as torch.
"""

from __future__ import annotations

import torch
from torch.nn import functional

from indexer.models.checkpoints.checkpoint import Checkpoint
from indexer.models.checkpoints.shapes import TowerShape
from indexer.models.checkpoints.weights import TowerWeights

from .layers import PLAIN, Encoder, Kit, Step, in_heads, linear, norm, perceptron

_COLOURS = 3


class TextModel:
    """The text tower in float32. Raises `CheckpointDamaged` if a weight is missing."""

    def __init__(self, checkpoint: Checkpoint, device: str) -> None:
        weights, shape = TowerWeights(checkpoint, "text_model", device, "float32"), checkpoint.text
        self._table = weights("embeddings.token_embedding.weight", 0, shape.width)
        self._places = weights("embeddings.position_embedding.weight", checkpoint.text_length, shape.width)
        self._encoder = Encoder(weights, shape, PLAIN)
        self._last = norm(weights, "final_layer_norm", shape)
        self._head = linear(
            weights("head.weight", checkpoint.dimension, shape.width), weights("head.bias", checkpoint.dimension)
        )

    def __call__(self, ids: torch.Tensor) -> torch.Tensor:
        """Vectors, (n, d), of token ids, int64 (n, text_length)."""
        states = self._encoder(functional.embedding(ids, self._table) + self._places)
        # The tower was trained to be read at its last position, padding or not.
        return self._head(self._last(states)[:, -1])


class VisionModel:
    """The image tower in *precision*; *kit* makes its matrices. Raises `CheckpointDamaged`."""

    def __init__(self, checkpoint: Checkpoint, device: str, precision: str, kit: Kit = PLAIN) -> None:
        weights, shape = TowerWeights(checkpoint, "vision_model", device, precision), checkpoint.vision
        patches = (checkpoint.image_size // checkpoint.patch_size) ** 2
        self._embed = _patches(weights, checkpoint.patch_size, shape.width, kit)
        self._places = weights("embeddings.position_embedding.weight", patches, shape.width)
        self._encoder = Encoder(weights, shape, kit)
        self._last = norm(weights, "post_layernorm", shape)
        self._head = _PoolingHead(weights, shape, kit)

    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        """Vectors, (n, d), of scaled pixels, (n, size, size, 3)."""
        return self._head(self._last(self._encoder(self._embed(pixels) + self._places)))


def _patches(weights: TowerWeights, size: int, width: int, kit: Kit) -> Step:
    """Makes of pixels, (n, side, side, 3), a vector for each patch, (n, patches, width)."""
    weight = weights("embeddings.patch_embedding.weight", width, _COLOURS, size, size)
    bias = weights("embeddings.patch_embedding.bias", width)
    if kit.patches is None:
        return lambda pixels: (
            functional.conv2d(pixels.permute(0, 3, 1, 2), weight, bias, stride=size).flatten(2).transpose(1, 2)
        )
    # A convolution whose steps are as long as its kernel is a product of patches and one matrix.
    embed = kit.patches(weight.permute(0, 2, 3, 1).reshape(width, -1), bias)

    def cut(pixels: torch.Tensor) -> torch.Tensor:
        count, side = pixels.shape[0], pixels.shape[1] // size
        rows = pixels[:, : side * size, : side * size].reshape(count, side, size, side, -1)
        return embed(rows.transpose(2, 3).reshape(count, side * side, -1))

    return cut


class _PoolingHead:
    """One vector of all patches, by what a learnt probe attends to."""

    def __init__(self, weights: TowerWeights, shape: TowerShape, kit: Kit) -> None:
        width = shape.width
        self._heads = shape.heads
        into = weights("head.attention.in_proj_weight", 3 * width, width)
        into_bias = weights("head.attention.in_proj_bias", 3 * width)
        # It asks the same of every picture. A copy, since how a matrix lies in memory shows in products of one row.
        self._asked = functional.linear(weights("head.probe", 1, 1, width), into[:width].clone(), into_bias[:width])
        self._project = kit.linear(into[width:], into_bias[width:])
        self._out = linear(
            weights("head.attention.out_proj.weight", width, width), weights("head.attention.out_proj.bias", width)
        )
        self._norm = norm(weights, "head.layernorm", shape)
        self._perceptron = perceptron(weights, "head.mlp", shape, kit.linear)

    def __call__(self, states: torch.Tensor) -> torch.Tensor:
        keys, values = (in_heads(part, self._heads) for part in self._project(states).chunk(2, -1))
        asked = in_heads(self._asked.expand(len(states), -1, -1), self._heads)
        found = functional.scaled_dot_product_attention(asked, keys, values)
        found = self._out(found.transpose(1, 2).flatten(2))
        return (found + self._perceptron(self._norm(found)))[:, 0]
