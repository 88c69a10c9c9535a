"""Make models of the shape of rclip 3.3's (ViT-B/32 at 256 pixels) with random weights, and a tokenizer of its size.

    pip install onnx onnxscript
    python benchmarks/speed/make_rclip_models.py FOLDER

FOLDER is then what `beside_rclip.py` and `searching.py` take as rclip's data. It takes 0.6 GB; vectors mean nothing.
onnx and onnxscript are needed for nothing else.
"""

from __future__ import annotations

import gzip
import sys
from itertools import islice, product
from pathlib import Path

import torch
from transformers import CLIPConfig, CLIPModel
from transformers.utils import logging

#: As rclip looks them up, in `rclip/model_download.py`.
MODELS = "ViT-B-32-256-datacomp_s34b_b86k"
TOKENIZER = "tokenizer/bpe_simple_vocab_16e6.txt.gz"
MERGES = 49_152 - 256 - 2


class Images(torch.nn.Module):
    """The image encoder up to its projection."""

    def __init__(self, model: CLIPModel) -> None:
        super().__init__()
        self.encoder, self.projection = model.vision_model, model.visual_projection

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Vectors of *pixels*, float32 (n, 3, 256, 256)."""
        return self.projection(self.encoder(pixel_values=pixels).pooler_output)


class Texts(torch.nn.Module):
    """The text encoder up to its projection."""

    def __init__(self, model: CLIPModel) -> None:
        super().__init__()
        self.encoder, self.projection = model.text_model, model.text_projection

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Vectors of token *ids*, int64 (n, 77)."""
        return self.projection(self.encoder(input_ids=ids).pooler_output)


def export(model: torch.nn.Module, example: torch.Tensor, path: Path) -> None:
    """Write *model* as ONNX, for any number of inputs like those of *example*."""
    count = {0: torch.export.Dim("count")}
    program = torch.onnx.export(
        model.eval(), (example,), input_names=["input"], output_names=["output"], dynamic_shapes=(count,), verbose=False
    )
    program.save(path, external_data=False)


def main() -> None:
    """Write the models and the tokenizer."""
    logging.set_verbosity_error()
    folder = Path(sys.argv[1])
    (folder / MODELS).mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    config = CLIPConfig(
        vision_config={"image_size": 256, "patch_size": 32, "hidden_act": "gelu"}, text_config={"hidden_act": "gelu"}
    )
    model = CLIPModel(config)
    export(Images(model), torch.zeros(2, 3, 256, 256), folder / MODELS / "visual.onnx")
    export(Texts(model), torch.zeros(2, 77, dtype=torch.int64), folder / MODELS / "textual.onnx")
    (folder / TOKENIZER).parent.mkdir(exist_ok=True)
    letters = "abcdefghijklmnopqrstuvwxyz"
    pieces = ("".join(each) for length in (1, 2, 3) for each in product(letters, repeat=length))
    merges = (f"{piece} {last}" for piece in pieces for last in (*letters, *(f"{letter}</w>" for letter in letters)))
    with gzip.open(folder / TOKENIZER, "wt", encoding="utf-8") as file:
        file.write("\n".join(["random", *islice(merges, MERGES)]))


if __name__ == "__main__":
    main()
