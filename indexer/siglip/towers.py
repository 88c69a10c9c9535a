"""The two towers in torch: SigLIP (Zhai and others 2023, arXiv 2303.15343) as transformers has it.

transformers itself takes twice as long to be imported as torch.
"""

from __future__ import annotations

import torch
from torch.nn import functional

from .checkpoint import Checkpoint
from .layers import Encoder, MakeLinear, linear, norm, perceptron
from .loading import TowerWeights
from .shapes import TowerShape

_COLOURS = 3


class TextModel:
    """The text tower in float32. Raises `CheckpointDamaged` if a weight is missing."""

    def __init__(self, checkpoint: Checkpoint, device: str) -> None:
        weights, shape = TowerWeights(checkpoint, "text_model", device, "float32"), checkpoint.text
        self._table = weights("embeddings.token_embedding.weight", 0, shape.width)
        self._places = weights("embeddings.position_embedding.weight", checkpoint.text_length, shape.width)
        self._encoder = Encoder(weights, shape, linear)
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
    """The image tower in *precision*; *make* makes its linear layers. Raises `CheckpointDamaged`."""

    def __init__(self, checkpoint: Checkpoint, device: str, precision: str, make: MakeLinear = linear) -> None:
        weights, shape = TowerWeights(checkpoint, "vision_model", device, precision), checkpoint.vision
        size = checkpoint.patch_size
        self._patch = weights("embeddings.patch_embedding.weight", shape.width, _COLOURS, size, size)
        self._patch_bias = weights("embeddings.patch_embedding.bias", shape.width)
        patches = (checkpoint.image_size // size) ** 2
        self._places = weights("embeddings.position_embedding.weight", patches, shape.width)
        self._encoder = Encoder(weights, shape, make)
        self._last = norm(weights, "post_layernorm", shape)
        self._head = _PoolingHead(weights, shape, make)

    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        """Vectors, (n, d), of scaled pixels, (n, 3, size, size)."""
        patches = functional.conv2d(pixels, self._patch, self._patch_bias, stride=self._patch.shape[-1])
        return self._head(self._last(self._encoder(patches.flatten(2).transpose(1, 2) + self._places)))


class _PoolingHead:
    """One vector of all patches, by what a learnt probe attends to."""

    def __init__(self, weights: TowerWeights, shape: TowerShape, make: MakeLinear) -> None:
        width = shape.width
        self._shape = shape
        self._probe = weights("head.probe", 1, 1, width)
        self._into = weights("head.attention.in_proj_weight", 3 * width, width)
        self._into_bias = weights("head.attention.in_proj_bias", 3 * width)
        self._out = weights("head.attention.out_proj.weight", width, width)
        self._out_bias = weights("head.attention.out_proj.bias", width)
        self._norm = norm(weights, "head.layernorm", shape)
        self._perceptron = perceptron(weights, "head.mlp", shape, make)

    def __call__(self, states: torch.Tensor) -> torch.Tensor:
        tokens = states.transpose(0, 1)
        found, _ = functional.multi_head_attention_forward(
            self._probe.repeat(len(states), 1, 1).transpose(0, 1),
            tokens,
            tokens,
            self._shape.width,
            self._shape.heads,
            self._into,
            self._into_bias,
            bias_k=None,
            bias_v=None,
            add_zero_attn=False,
            dropout_p=0.0,
            out_proj_weight=self._out,
            out_proj_bias=self._out_bias,
            training=False,
        )
        found = found.transpose(0, 1)
        return (found + self._perceptron(self._norm(found)))[:, 0]
