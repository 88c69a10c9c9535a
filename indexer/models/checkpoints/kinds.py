"""Kinds of checkpoints: SigLIP's own, and those of other programs and architectures, which are refused by name.

A refusal names the checkpoint that would fit: the same model in the form of transformers where it is published, and the
default otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from indexer.models.errors import CheckpointDamaged, CheckpointUnsupported

from .config import Json, positive_setting, read_json, section
from .published import ENGLISH, GEMMA, MULTILINGUAL, WIDTHS, published_as

#: Types of models in config.json: SigLIP and SigLIP 2 of fixed resolution, and of flexible resolution (NaFlex).
FIXED, FLEXIBLE = "siglip", "siglip2"
_CODE = "it needs to run code of its own, which is never done"
_OPEN_CLIP = "open_clip_config.json"
_USUAL = "google/siglip2-base-patch16-256"
#: Settings of files that may ask for code.
_SETTINGS = ("tokenizer_config.json", "preprocessor_config.json", "processor_config.json")
#: Types of models that have no text encoder, by the beginnings of their names.
_WITHOUT_TEXTS = ("dino", "vit", "convnext", "swin", "ijepa", "beit", "hiera", "resnet")
#: Names of image encoders in timm, such as vit_base_patch16_siglip_256 and naflexvit_base_patch16_siglip.
_TIMM = re.compile(r"(?:naflex)?vit_(\w+)_patch(\d+)_siglip(?:_gap)?(?:_(\d+))?")
_WIDTHS = {name.replace("-", ""): width for name, width in WIDTHS.items()}
#: Quantised weights that can be used, by `quant_method`.
_BITSANDBYTES = "bitsandbytes"


def check_kind(folder: Path, config: Json) -> None:
    """Check that *config*, of config.json, is that of a SigLIP that can be used. Raises `CheckpointUnsupported`."""
    kind = config.get("model_type")
    if kind not in {FIXED, FLEXIBLE}:
        raise CheckpointUnsupported(folder, _other_kind(folder, config))
    if "auto_map" in config:
        raise CheckpointUnsupported(folder, _CODE)
    if isinstance(quantised := config.get("quantization_config"), dict) and _method(quantised) != _BITSANDBYTES:
        raise CheckpointUnsupported(
            folder,
            f"its weights are quantised by {_method(quantised)}; take {_original(folder, config)} "
            "and --precision int8 instead",
        )
    for name in _SETTINGS:
        if (folder / name).is_file() and "auto_map" in read_json(folder, name):
            raise CheckpointUnsupported(folder, _CODE)


def quantisation(config: Json) -> str | None:
    """The precision that the weights are quantised in by bitsandbytes, such as `bnb-int8`; None if they are not."""
    settings = config.get("quantization_config")
    if not isinstance(settings, dict):
        return None
    if settings.get("load_in_8bit"):
        return "bnb-int8"
    return f"bnb-{settings.get('bnb_4bit_quant_type', 'fp4')}"


def check_form(folder: Path) -> None:
    """Refuse a folder without config.json, or without safetensors, in the form of another program.

    Raises `CheckpointUnsupported`; does nothing for a folder of an unknown form.
    """
    if (folder / _OPEN_CLIP).is_file():
        raise CheckpointUnsupported(folder, _open_clip(folder))
    config = read_json(folder, "config.json") if (folder / "config.json").is_file() else {}
    forms = {"onnx": "an ONNX export", "gguf": "in GGUF form", "mlpackage": "a Core ML export", "npz": "in JAX form"}
    for ending, form in forms.items():
        if any(folder.glob(f"*.{ending}")) or any(folder.glob(f"*/*.{ending}")):
            raise CheckpointUnsupported(folder, f"it is {form}; take {_original(folder, config)} instead")
    if "transformers.js_config" in config:
        raise CheckpointUnsupported(folder, f"it is an ONNX export; take {_original(folder, config)} instead")


def _other_kind(folder: Path, config: Json) -> str:
    if (folder / _OPEN_CLIP).is_file():
        return _open_clip(folder)
    kind, architecture = config.get("model_type"), config.get("architecture")
    if isinstance(architecture, str):
        # The settings of timm do not tell the number of tokens; the name of a pretrained version does.
        settings = config.get("pretrained_cfg")
        tag = settings.get("tag") if isinstance(settings, dict) else None
        whole = _timm(architecture, None if "v2" in str(tag) else ENGLISH)
        return f"it is an image encoder of timm ({architecture}) without a text encoder; take {whole or _USUAL} instead"
    if isinstance(kind, str) and kind.startswith(("siglip_", "siglip2_")):
        return f"it is one encoder of a SigLIP alone ({kind}); take a whole one such as {_USUAL}"
    if kind is None:
        return f"config.json names no type of model; take a SigLIP such as {_USUAL}"
    if str(kind).startswith(_WITHOUT_TEXTS):
        return f"it is a {str(kind)!r}, which has no text encoder; take a SigLIP such as {_USUAL}"
    return f"it is a {str(kind)!r} and not a SigLIP; take one such as {_USUAL}"


def _open_clip(folder: Path) -> str:
    settings = read_json(folder, _OPEN_CLIP)
    model = settings.get("model_cfg")
    model = model if isinstance(model, Mapping) else settings
    vision, text = model.get("vision_cfg"), model.get("text_cfg")
    vision, text = (each if isinstance(each, Mapping) else {} for each in (vision, text))
    found = _timm(str(vision.get("timm_model_name")), text.get("vocab_size"))
    if found is None:
        return f"it is in OpenCLIP's form and no published SigLIP; take one such as {_USUAL}"
    return f"it is in OpenCLIP's form; the same model in a form that can be used is {found}"


def _timm(name: str, vocabulary: object) -> str | None:
    """The id of the SigLIP whose image encoder timm calls so; without a *vocabulary*, that of SigLIP 2."""
    found = _TIMM.match(name)
    if found is None or found[1] not in _WIDTHS:
        return None
    size = None if name.startswith("naflex") else int(found[3] or 224)
    known = next((each for each in (ENGLISH, MULTILINGUAL) if each == vocabulary), GEMMA)
    made = published_as(_WIDTHS[found[1]], int(found[2]), size, known)
    return None if made is None else made.reference


def _original(folder: Path, config: Json) -> str:
    """The published checkpoint of that architecture; the usual one if there is none."""
    if "vision_config" not in config:
        return _USUAL
    try:
        vision, text = section(folder, config, "vision_config"), section(folder, config, "text_config")
        size = None if config.get("model_type") == FLEXIBLE else positive_setting(folder, vision, "image_size", 224)
        width, patch = (
            positive_setting(folder, vision, "hidden_size", 768),
            positive_setting(folder, vision, "patch_size", 16),
        )
        made = published_as(width, patch, size, positive_setting(folder, text, "vocab_size", ENGLISH))
    except CheckpointDamaged:
        made = None
    return _USUAL if made is None else made.reference


def _method(settings: Mapping[str, object]) -> str:
    by_default = _BITSANDBYTES if "load_in_8bit" in settings or "load_in_4bit" in settings else "an unknown method"
    return str(settings.get("quant_method", by_default))
