"""Makes tiny Florence-2 checkpoints of the true architecture, with a freshly trained tokenizer of the true kind.

They have the files of the released repositories, with the same classes, special tokens and settings. `taught` ones
have learnt an answer for each task, so that every kind of answer is read from a real generation.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from PIL import Image
from tokenizers import AddedToken, ByteLevelBPETokenizer
from transformers import (
    BartConfig,
    Florence2Config,
    Florence2ForConditionalGeneration,
    Florence2Processor,
    RobertaTokenizer,
)
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

SIDE = 64
LOCATIONS = 1000
_WORDS = (
    "what does the image describe? describe in detail what is shown in the image. locate the objects with category "
    "name in the image. locate the objects in the image, with their descriptions. what is the text in the image? "
    "a red square on a blue table, and a cat beside the car. straße café invoice 2024 total"
)
#: Answers that `taught` checkpoints give, by the token of the task.
ANSWERS: Mapping[str, str] = {
    "<CAPTION>": "a red square on a blue table",
    "<DETAILED_CAPTION>": "a red square on a blue table, and a cat beside the car.",
    "<OD>": "cat<loc_10><loc_20><loc_300><loc_400>car<loc_1><loc_2><loc_3><loc_4><loc_5><loc_6><loc_7><loc_8>",
    "<DENSE_REGION_CAPTION>": "red square on the table<loc_1><loc_2><loc_999><loc_998>",
    "<OCR>": "INVOICE 2024 straße café",
}
_TASK_MARKS = ("od", "ocr", "cap", "ncap", "dcap", "proposal", "grounding", "poly", "sep", "region_cap")


def make_florence(folder: Path, *, taught: bool = False, locations: int = LOCATIONS, seed: int = 5) -> Path:
    """Random weights; those of a *taught* one are trained for a few seconds."""
    processor = make_processor(folder, locations)
    torch.manual_seed(seed)
    model = Florence2ForConditionalGeneration(_config(processor))
    if taught:
        _teach(model, processor)
    # As in the released repositories, whose settings are three beams.
    settings = model.generation_config
    settings.num_beams, settings.early_stopping, settings.no_repeat_ngram_size = 3, True, 3
    settings.forced_bos_token_id, settings.forced_eos_token_id = 0, 2
    settings.decoder_start_token_id, settings.pad_token_id, settings.bos_token_id, settings.eos_token_id = 2, 1, 0, 2
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def make_base(folder: Path, seed: int = 6) -> Path:
    """Random weights of the sizes of Florence-2 base, for pictures of 768 pixels."""
    processor = make_processor(folder, LOCATIONS, side=768)
    torch.manual_seed(seed)
    text = BartConfig(
        vocab_size=51_328,
        d_model=768,
        encoder_layers=6,
        decoder_layers=6,
        encoder_attention_heads=12,
        decoder_attention_heads=12,
        encoder_ffn_dim=3072,
        decoder_ffn_dim=3072,
        max_position_embeddings=1024,
    )
    config = Florence2Config(
        vision_config={"projection_dim": 768},
        text_config=text.to_dict(),
        image_token_id=processor.tokenizer.image_token_id,
    )
    Florence2ForConditionalGeneration(config).save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def make_processor(folder: Path, locations: int = LOCATIONS, side: int = SIDE) -> Florence2Processor:
    folder.mkdir(parents=True, exist_ok=True)
    learner = ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    learner.train_from_iterator([_WORDS] * 5, vocab_size=400, min_frequency=1, special_tokens=special)
    learner.save_model(str(folder))
    tokenizer = RobertaTokenizer.from_pretrained(folder)
    (folder / "merges.txt").unlink()
    (folder / "vocab.json").unlink()
    marks = [f"<{end}{name}>" for name in _TASK_MARKS for end in ("", "/")]
    tokenizer.add_tokens([AddedToken(each, special=True) for each in marks])
    tokenizer.add_tokens([f"<loc_{number}>" for number in range(locations)])
    tokenizer.add_tokens([AddedToken("<image>", special=True, normalized=False)], special_tokens=True)
    tokenizer.save_pretrained(folder)
    tokenizer = RobertaTokenizer.from_pretrained(folder, extra_special_tokens={"image_token": "<image>"})
    # A patch is 32 pixels after four stages, and the mean of all is one token more.
    size = {"height": side, "width": side}
    pictures = CLIPImageProcessorPil(
        size=size,
        crop_size=size,
        do_center_crop=False,
        image_mean=[0.485, 0.456, 0.406],
        image_std=[0.229, 0.224, 0.225],
        image_seq_length=(side // 32) ** 2 + 1,
    )
    rules = {
        name: {}
        for name in (
            "pure_text",
            "description_with_bboxes",
            "description_with_polygons",
            "polygons",
            "bboxes",
            "description_with_bboxes_or_polygons",
            "phrase_grounding",
            "ocr",
        )
    }
    return Florence2Processor(image_processor=pictures, tokenizer=tokenizer, post_processor_config=rules)


def _config(processor: Florence2Processor) -> Florence2Config:
    vision = {
        "depths": [1, 1, 1, 1],
        "embed_dim": [16, 16, 32, 32],
        "num_heads": [2, 2, 2, 2],
        "num_groups": [2, 2, 2, 2],
        "projection_dim": 32,
        "window_size": 4,
        "drop_path_rate": 0.0,
    }
    text = BartConfig(
        vocab_size=len(processor.tokenizer),
        d_model=32,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        max_position_embeddings=256,
        dropout=0.0,
        forced_bos_token_id=0,
        forced_eos_token_id=2,
    )
    return Florence2Config(
        vision_config=vision, text_config=text.to_dict(), image_token_id=processor.tokenizer.image_token_id
    )


def _teach(model: Florence2ForConditionalGeneration, processor: Florence2Processor) -> None:
    picture = Image.new("RGB", (SIDE, SIDE), "red")
    tasks = list(ANSWERS)
    questions = processor(text=tasks, images=[picture] * len(tasks), return_tensors="pt", padding=True)
    answers = processor.tokenizer(
        [f"<s>{ANSWERS[task]}</s>" for task in tasks], return_tensors="pt", padding=True, add_special_tokens=False
    )
    labels = answers.input_ids.masked_fill(answers.attention_mask == 0, -100)
    # The picture is the same for all tasks, so its encoder learns nothing.
    model.model.vision_tower.requires_grad_(requires_grad=False)
    optimiser = torch.optim.Adam([each for each in model.parameters() if each.requires_grad], lr=0.01)
    model.train()
    for _ in range(200):
        optimiser.zero_grad()
        output = model(**questions, labels=labels)
        if bool(((output.logits.argmax(-1) == labels) | (labels < 0)).all()) and output.loss.item() < 0.05:
            break
        output.loss.backward()
        optimiser.step()
    else:
        raise AssertionError("the tiny model did not learn its answers")
    model.eval()
