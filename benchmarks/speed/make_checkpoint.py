"""Make a checkpoint with the size of google/siglip2-base-patch16-256 and random weights.

    python benchmarks/speed/make_checkpoint.py FOLDER [PATCH|naflex]

PATCH is 16, or 32 for google/siglip2-base-patch32-256; `naflex` stands for google/siglip2-base-patch16-naflex.

Speed and memory can be measured with it without the released weights. It takes 1.5 GB; its vectors mean nothing.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import BPE
from transformers import Siglip2Config, Siglip2Model, SiglipConfig, SiglipModel
from transformers.utils import logging

PIECES = 256_000
SPECIAL = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]


def tokenizer() -> Tokenizer:
    """Make a Gemma-like tokenizer of the true size; its pieces are letters, pairs of letters, triples and so on."""
    letters = [*"abcdefghijklmnopqrstuvwxyz0123456789.,'-", "▁"]
    vocabulary = {
        piece: number for number, piece in enumerate([*SPECIAL, *(f"<0x{byte:02X}>" for byte in range(256)), *letters])
    }
    merges, layer = [], letters
    while len(vocabulary) < PIECES:
        grown = []
        for piece in layer:
            for letter in letters:
                if len(vocabulary) == PIECES:
                    break
                if piece + letter not in vocabulary:
                    vocabulary[piece + letter] = len(vocabulary)
                    merges.append((piece, letter))
                    grown.append(piece + letter)
        layer = grown
    made = Tokenizer(BPE(vocab=vocabulary, merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    made.normalizer = normalizers.Replace(" ", "▁")
    made.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    made.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    made.post_processor = processors.TemplateProcessing(single="$A:0 <eos>:0", special_tokens=[("<eos>", 1)])
    made.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    return made


def main() -> None:
    """Write the checkpoint."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    kind = sys.argv[2] if len(sys.argv) > 2 else "16"
    is_flexible = kind == "naflex"
    text = {"vocab_size": PIECES, "pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 2}
    if is_flexible:
        model = Siglip2Model(Siglip2Config(text_config=text, vision_config={"num_patches": 256, "patch_size": 16}))
    else:
        model = SiglipModel(SiglipConfig(text_config=text, vision_config={"image_size": 256, "patch_size": int(kind)}))
    with torch.no_grad():
        model.logit_scale.fill_(math.log(112))
        model.logit_bias.fill_(-16.0)
    model.save_pretrained(folder, max_shard_size="8GB")
    tokenizer().save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "GemmaTokenizer",
        "eos_token": "<eos>",
        "pad_token": "<pad>",
        "bos_token": "<bos>",
        "unk_token": "<unk>",
        "mask_token": "<mask>",
        "padding_side": "right",
        "model_input_names": ["input_ids"],
        "model_max_length": 64,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    size = {"max_num_patches": 256, "patch_size": 16} if is_flexible else {"size": {"height": 256, "width": 256}}
    processor = {
        "image_processor_type": "Siglip2ImageProcessor" if is_flexible else "SiglipImageProcessor",
        "do_convert_rgb": None,
        "do_resize": True,
        **size,
        "resample": 2,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": [0.5] * 3,
        "image_std": [0.5] * 3,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    print(sum(path.stat().st_size for path in folder.iterdir()) / 1e9, "GB in", folder)


if __name__ == "__main__":
    main()
