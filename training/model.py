"""Architecture of the demo checkpoint, and export of its weights."""

from __future__ import annotations

import json
import math
from pathlib import Path

import torch
from torch import nn
from transformers import SiglipConfig, SiglipModel

from .prepare import SIZE
from .tokenizer import BOS, EOS, LENGTH, PAD

PATCH = 12
#: Length of the embeddings.
WIDTH = 128
_VISION = {"hidden_size": WIDTH, "intermediate_size": 512, "num_hidden_layers": 4, "num_attention_heads": 4}
_TEXT = {"hidden_size": 96, "intermediate_size": 384, "num_hidden_layers": 3, "num_attention_heads": 3}


def new_model(vocabulary: int) -> SiglipModel:
    """Return a SigLIP model of 2 million parameters, with random weights."""
    config = SiglipConfig(
        text_config={
            **_TEXT,
            "vocab_size": vocabulary,
            "max_position_embeddings": LENGTH,
            "projection_size": WIDTH,
            "pad_token_id": PAD,
            "bos_token_id": BOS,
            "eos_token_id": EOS,
        },
        vision_config={**_VISION, "image_size": SIZE, "patch_size": PATCH},
    )
    model = SiglipModel(config)
    with torch.no_grad():
        model.logit_scale.fill_(math.log(10))
        # About the share of true pairs in a batch; -10 as in the paper is for one in 32 000.
        model.logit_bias.fill_(-3.0)
    nn.init.normal_(model.text_model.embeddings.token_embedding.weight, std=0.05)
    nn.init.normal_(model.text_model.embeddings.position_embedding.weight, std=0.02)
    nn.init.normal_(model.vision_model.embeddings.position_embedding.weight, std=0.02)
    return model


def save_model(model: SiglipModel, folder: Path) -> None:
    """Write weights in half precision, the configuration, and the image processor's settings."""
    folder.mkdir(parents=True, exist_ok=True)
    scale, bias = model.logit_scale.detach().clone(), model.logit_bias.detach().clone()
    model.to(torch.float16)  # type: ignore[arg-type]  # the decorator hides what it takes
    # The program computes logits in float32, and these two decide them all.
    model.logit_scale.data, model.logit_bias.data = scale, bias
    model.save_pretrained(folder)
    for file in folder.iterdir():
        file.chmod(0o644)
    settings = {
        "image_processor_type": "SiglipImageProcessor",
        "processor_class": "SiglipProcessor",
        "do_convert_rgb": True,
        "do_resize": True,
        "size": {"height": SIZE, "width": SIZE},
        "resample": 3,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(settings, indent=1) + "\n", "utf-8")
