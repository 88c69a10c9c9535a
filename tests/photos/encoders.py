"""A checkpoint's folder without a network, and encoders that see nothing but colour."""

from __future__ import annotations

import json

import numpy as np
from safetensors.numpy import save_file

#: The colour of each word; other words have none.
COLOURS = {
    "red": (220, 30, 30),
    "green": (30, 160, 60),
    "blue": (30, 60, 220),
    "yellow": (240, 220, 40),
    "white": (250, 250, 250),
    "black": (10, 10, 10),
}
DIMENSION = 8
TEXT_LENGTH = 16


def make_checkpoint(folder, *, seed=1):
    """The small files of a true checkpoint, and weights of a few numbers: enough to be opened, not to be run."""
    folder.mkdir(parents=True)
    vision = {"hidden_size": DIMENSION, "num_attention_heads": 2, "image_size": 16}
    text = {"hidden_size": DIMENSION, "num_attention_heads": 2, "max_position_embeddings": TEXT_LENGTH}
    config = {"model_type": "siglip", "vision_config": vision, "text_config": text}
    (folder / "config.json").write_text(json.dumps(config))
    processor = {"size": {"height": 16, "width": 16}, "resample": 2, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    (folder / "tokenizer.json").write_text("{}")
    weights = {
        "vision_model.x": np.full((2, 2), seed, np.float32),
        "text_model.x": np.ones((2, 2), np.float32),
        "logit_scale": np.array([np.log(20)], np.float32),
        "logit_bias": np.array([-10], np.float32),
    }
    save_file(weights, folder / "model.safetensors")
    return folder


class ColourEncoders:
    """Makes both encoders, and counts how often."""

    def __init__(self):
        self.images = self.texts = 0

    def image(self, checkpoint, device, precision):
        self.images += 1
        return ColourImageEncoder()

    def text(self, checkpoint, device):
        self.texts += 1
        return ColourTextEncoder()


class ColourImageEncoder:
    batch_size = 64

    def encode(self, pixels):
        return _vectors(np.stack([picture.mean((0, 1)) for picture in pixels]))


class ColourTextEncoder:
    def encode_text(self, texts):
        rows = [
            next((COLOURS[word] for word in text.lower().split() if word in COLOURS), (128, 0, 128)) for text in texts
        ]
        return _vectors(np.array(rows, np.float64))

    def truncated(self, texts):
        return [len(text.split()) > TEXT_LENGTH for text in texts]


def _vectors(colours):
    centred = colours / 127.5 - 1
    rows = np.hstack([centred, np.full((len(centred), 1), 0.2), np.zeros((len(centred), DIMENSION - 4))])
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
