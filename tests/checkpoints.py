"""Makes tiny SigLIP checkpoints of the true architecture, with random weights and freshly trained tokenizers.

They have the same files as the released repositories, with the same classes, prefixes, special tokens and settings, so
the real loading code runs on them. Scale and bias have the released magnitude.
"""

from __future__ import annotations

import io
import json
import math
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from tokenizers import AddedToken, Tokenizer, decoders, normalizers, pre_tokenizers, processors, trainers
from tokenizers.models import BPE
from transformers import BitsAndBytesConfig, Siglip2Config, Siglip2Model, SiglipConfig, SiglipModel

from indexer.models.backends.bitsandbytes import import_quietly

_SENTENCE = (
    "a photo of two cats on the beach at sunset red square blue car dog house mountains in the snow by a lake this is "
    "an old town street with people and trees under a cloudy sky the quick brown fox jumps over it while it rains"
)
_WORDS = _SENTENCE.split()
_SENTENCES = [
    _SENTENCE,
    "ein rotes quadrat und zwei katzen am strand bei sonnenuntergang, häuser und berge im schnee",
    "deux chats sur la plage au coucher du soleil près d'une vieille ville été",
    "две кошки на пляже на закате красный квадрат снег в горах",  # noqa: RUF001 - Russian
    "海辺の二匹の猫 赤い四角 雪の山 日没",
    "قطتان على الشاطئ عند غروب الشمس",
    "समुद्र तट पर दो बिल्लियाँ सूर्यास्त",
]
_VISION = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 32,
    "patch_size": 8,
}
#: No powers of two, and patches that do not fill the picture, as in so400m-patch14-384.
ODD = {"hidden_size": 54, "intermediate_size": 101, "num_attention_heads": 3, "image_size": 45, "patch_size": 7}
_PROCESSOR = {
    "do_convert_rgb": None,
    "do_normalize": True,
    "do_rescale": True,
    "do_resize": True,
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
    "rescale_factor": 1 / 255,
}
_TEXT = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}


def make_v1(folder: Path, *, length: int = 64) -> Path:
    """SigLIP version 1: a SentencePiece tokenizer that pads with its end mark, bicubic resizing."""
    _sentencepiece(folder, length)
    _model(folder, vocabulary=_pieces(folder), length=length, text={**_TEXT}, seed=1)
    _processor(folder, resample=3)
    return folder


def make_multilingual(folder: Path) -> Path:
    """SigLIP version 1 with a tokenizer of many languages: pieces of several scripts, and bytes for all others."""
    _sentencepiece(folder, 64, _SENTENCES, byte_fallback=True)
    _model(folder, vocabulary=_pieces(folder), length=64, text={**_TEXT}, seed=4)
    _processor(folder, resample=3)
    return folder


def make_v2(
    folder: Path, *, text_width: int = 32, marks: Sequence[str] = (), vision: Mapping[str, int] = MappingProxyType({})
) -> Path:
    """A fixed-resolution SigLIP 2: a Gemma tokenizer that does not lower-case, bilinear resizing.

    *marks* are tokens that are split off a text first, as Gemma's for tables and runs of spaces. *vision* are sizes of
    the image encoder.
    """
    tokenizer = _gemma(folder, marks)
    seen = {**_VISION, **vision}
    text = {**_TEXT, "hidden_size": text_width, "projection_size": seen["hidden_size"]}
    _model(folder, vocabulary=tokenizer.get_vocab_size(), length=64, text=text, seed=2, vision=seen)
    _processor(folder, resample=2, size=seen["image_size"])
    return folder


def make_naflex(folder: Path, *, vision: Mapping[str, int] = MappingProxyType({})) -> Path:
    """A SigLIP 2 of flexible resolution (NaFlex). Patches, positions and settings have the released sizes."""
    tokenizer = _gemma(folder)
    torch.manual_seed(3)
    seen = {**_VISION, "num_patches": 256, "patch_size": 16, **vision}
    del seen["image_size"]
    text = {**_TEXT, "vocab_size": tokenizer.get_vocab_size(), "projection_size": seen["hidden_size"], **_marks()}
    _save(Siglip2Model(Siglip2Config(text_config=text, vision_config=seen)), folder)
    settings = {
        **_PROCESSOR,
        "image_processor_type": "Siglip2ImageProcessor",
        "max_num_patches": 256,
        "patch_size": seen["patch_size"],
        "processor_class": "Siglip2Processor",
        "resample": 2,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    return folder


def in_shards(whole: Path, folder: Path) -> Path:
    """The same checkpoint with its weights in two files and an index, as in the largest repositories."""
    folder.mkdir()
    for path in whole.iterdir():
        if path.name != "model.safetensors":
            (folder / path.name).write_bytes(path.read_bytes())
    weights = load_file(whole / "model.safetensors")
    names = sorted(weights)
    parts = {"model-00001-of-00002.safetensors": names[::2], "model-00002-of-00002.safetensors": names[1::2]}
    for file, members in parts.items():
        save_file({name: weights[name] for name in members}, folder / file, metadata={"format": "pt"})
    index = {"metadata": {}, "weight_map": {name: file for file, members in parts.items() for name in members}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


def in_type(whole: Path, folder: Path, dtype: torch.dtype) -> Path:
    """The same checkpoint with its weights in another type of floats."""
    shutil.copytree(whole, folder)
    weights = {name: tensor.to(dtype) for name, tensor in load_file(whole / "model.safetensors").items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def quantised(whole: Path, folder: Path, settings: BitsAndBytesConfig) -> Path:
    """The same checkpoint as transformers saves it after bitsandbytes quantised it; of a fixed resolution."""
    shutil.copytree(whole, folder)
    import_quietly()
    model = SiglipModel.from_pretrained(
        whole, quantization_config=settings, dtype=torch.float32, device_map="cpu", attn_implementation="sdpa"
    )
    model.save_pretrained(folder)
    return folder


def pictures(count: int, seed: int = 0) -> list[Image.Image]:
    """Random RGB pictures of several sizes."""
    random = np.random.default_rng(seed)
    sizes = [(50, 40), (31, 77), (32, 32), (120, 90)]
    return [Image.fromarray(random.integers(0, 255, (*sizes[number % 4], 3), np.uint8)) for number in range(count)]


def _marks() -> dict[str, int]:
    return {"pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 2}


def _model(
    folder: Path,
    *,
    vocabulary: int,
    length: int,
    text: dict[str, int],
    seed: int,
    vision: Mapping[str, int] = MappingProxyType(_VISION),
) -> None:
    torch.manual_seed(seed)
    config = SiglipConfig(
        text_config={**text, "vocab_size": vocabulary, "max_position_embeddings": length, **_marks()},
        vision_config=dict(vision),
    )
    _save(SiglipModel(config), folder)


def _save(model: SiglipModel | Siglip2Model, folder: Path) -> None:
    with torch.no_grad():
        for parameter in model.parameters():
            # The default initial weights are so small that every text would have the same vector.
            parameter.add_(torch.randn_like(parameter) * 0.08)
        model.logit_scale.fill_(math.log(112.3))
        model.logit_bias.fill_(-16.5)
    model.save_pretrained(folder)


def _processor(folder: Path, *, resample: int, size: int = _VISION["image_size"]) -> None:
    settings = {
        **_PROCESSOR,
        "image_processor_type": "SiglipImageProcessor",
        "processor_class": "SiglipProcessor",
        "resample": resample,
        "size": {"height": size, "width": size},
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))


def _sentencepiece(
    folder: Path, length: int, sentences: Sequence[str] = (_SENTENCE,), *, byte_fallback: bool = False
) -> None:
    import sentencepiece

    folder.mkdir(parents=True, exist_ok=True)
    learnt = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([*sentences] * 40 + _WORDS * 5 + list("abcdefghijklmnopqrstuvwxyz") * 9),
        model_writer=learnt,
        vocab_size=600 if byte_fallback else 110,
        byte_fallback=byte_fallback,
        model_type="unigram",
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=2,
        hard_vocab_limit=False,
    )
    (folder / "spiece.model").write_bytes(learnt.getvalue())
    settings = {
        "tokenizer_class": "SiglipTokenizer",
        "do_lower_case": True,
        "eos_token": "</s>",
        "pad_token": "</s>",
        "unk_token": "<unk>",
        "model_max_length": length,
        "model_input_names": ["input_ids"],
        "additional_special_tokens": [],
        "clean_up_tokenization_spaces": True,
        "sp_model_kwargs": {},
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def _pieces(folder: Path) -> int:
    import sentencepiece

    return sentencepiece.SentencePieceProcessor(model_file=str(folder / "spiece.model")).get_piece_size() + 8


def _gemma(folder: Path, marks: Sequence[str] = ()) -> Tokenizer:
    folder.mkdir(parents=True, exist_ok=True)
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    learner = Tokenizer(BPE(unk_token="<unk>"))
    learner.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="never", split=True)
    trainer = trainers.BpeTrainer(
        vocab_size=500,
        special_tokens=[*special, *(f"<0x{byte:02X}>" for byte in range(256)), *marks],
        show_progress=False,
    )
    learner.train_from_iterator([_SENTENCE, _SENTENCE.title()] * 5, trainer)
    learnt = json.loads(learner.to_str())["model"]
    model = BPE(
        vocab=learnt["vocab"],
        merges=[tuple(pair) for pair in learnt["merges"]],
        unk_token="<unk>",
        fuse_unk=True,
        byte_fallback=True,
    )
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.post_processor = processors.TemplateProcessing(single="$A:0 <eos>:0", special_tokens=[("<eos>", 1)])
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    tokenizer.add_tokens([AddedToken(mark, normalized=number % 2 == 1) for number, mark in enumerate(marks)])
    tokenizer.save(str(folder / "tokenizer.json"))
    # As in the released repositories: the defaults for padding side and input names would be wrong.
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
        "model_max_length": 64,
        "padding_side": "right",
        "model_input_names": ["input_ids"],
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return tokenizer
