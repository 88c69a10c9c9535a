"""The demo checkpoint's tokenizer: a byte-fallback BPE in the form that SigLIP 2's Gemma tokenizer has."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

from tokenizers import AddedToken, Tokenizer, decoders, normalizers, pre_tokenizers, processors, trainers
from tokenizers.models import BPE

from .texts import corpus

SPECIAL = ("<pad>", "<eos>", "<bos>", "<unk>", "<mask>")
PAD, EOS, BOS = 0, 1, 2
LENGTH = 64
_SIZE = 4000


def learn_tokenizer() -> Tokenizer:
    """Train a tokenizer on the captions. The result is deterministic."""
    learner = Tokenizer(BPE(unk_token="<unk>"))  # noqa: S106 - a token of text
    learner.normalizer = normalizers.Replace(" ", "▁")
    learner.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="never", split=True)
    every_byte = [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = trainers.BpeTrainer(vocab_size=_SIZE, special_tokens=[*SPECIAL, *every_byte], show_progress=False)
    learner.train_from_iterator(corpus(Random(5)), trainer)
    learnt = json.loads(learner.to_str())["model"]
    model = BPE(
        vocab=learnt["vocab"],
        merges=[tuple(pair) for pair in learnt["merges"]],
        unk_token="<unk>",  # noqa: S106 - a token of text
        fuse_unk=True,
        byte_fallback=True,
    )
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A:0 <eos>:0", pair="$A:0 <eos>:0 $B:1 <eos>:1", special_tokens=[("<eos>", EOS)]
    )
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    return tokenizer


def save_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """Write the tokenizer in the format of transformers."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    settings = {
        "tokenizer_class": "GemmaTokenizer",
        "processor_class": "SiglipProcessor",
        "add_bos_token": False,
        "add_eos_token": True,
        "bos_token": "<bos>",
        "eos_token": "<eos>",
        "pad_token": "<pad>",
        "unk_token": "<unk>",
        "mask_token": "<mask>",
        "padding_side": "right",
        "model_input_names": ["input_ids"],
        "model_max_length": LENGTH,
        "clean_up_tokenization_spaces": False,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=1) + "\n", "utf-8")


def ids(tokenizer: Tokenizer, text: str) -> list[int]:
    """Return token ids of *text* as in the program: lower case, with EOS, not padded."""
    pieces = tokenizer.encode(text.lower()).ids
    return pieces if len(pieces) <= LENGTH else [*pieces[: LENGTH - 1], EOS]
