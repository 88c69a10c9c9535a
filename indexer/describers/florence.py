"""Florence-2 in transformers: a caption, objects, regions and read text for each picture (arXiv 2311.06242)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, cast

import torch
from PIL import Image

from indexer.models import CheckpointChanged, CheckpointDamaged
from indexer.models.backends.accelerators import THIS_MACHINE, Machine, empty_cache, is_memory_full, reason_of
from indexer.models.backends.devices import choose_device, limit_threads
from indexer.models.backends.fitting_passes import CpuFallback, MemoryTooSmall
from indexer.models.backends.stored_weights import ModelClass, load_model, stored_weights
from indexer.models.checkpoints.checkpoint import stamp_of
from indexer.models.device_names import CPU
from indexer.models.transformers_log import keep_transformers_off_stderr, without_warnings

from .errors import DescriberBroken
from .florence_checkpoint import FlorenceCheckpoint
from .florence_cost import asked
from .plain_text import plain_description
from .protocols import Description, NotDescribed, Task

if TYPE_CHECKING:
    from transformers import BartConfig, Florence2ForConditionalGeneration, GenerationConfig

#: Tokens that ask for a task; the processor makes each into a sentence, and needs it to stand alone.
TOKENS: Final[Mapping[Task, str]] = {
    Task.CAPTION: "<CAPTION>",
    Task.DETAILED_CAPTION: "<DETAILED_CAPTION>",
    Task.OBJECTS: "<OD>",
    Task.REGIONS: "<DENSE_REGION_CAPTION>",
    Task.TEXT: "<OCR>",
}
#: Most tokens of an answer. A box takes four of them.
_MOST_TOKENS: Final[Mapping[Task, int]] = {
    Task.CAPTION: 64,
    Task.DETAILED_CAPTION: 256,
    Task.OBJECTS: 512,
    Task.REGIONS: 512,
    Task.TEXT: 512,
}
_RULES: Final = ("pure_text", "description_with_bboxes")
_USUAL_SIDE: Final = 768
#: Pictures of a pass.
_ON_CPU, _ON_ACCELERATOR = 4, 16


class _Processor(Protocol):
    """Processor of transformers, as far as it is used here."""

    image_processor: Callable[..., Mapping[str, torch.Tensor]]
    tokenizer: _Tokenizer
    post_processor_config: Mapping[str, object] | None

    def __call__(
        self, *, text: list[str], images: list[Image.Image], return_tensors: str
    ) -> Mapping[str, torch.Tensor]:
        """Tensors of questions and pictures."""
        ...

    def post_process_generation(self, text: str, *, task: str, image_size: tuple[int, int]) -> Mapping[str, object]:
        """The answer to *task* in *text*."""
        ...


class _Tokenizer(Protocol):
    """Tokenizer of transformers, as far as it is used here."""

    eos_token_id: int

    def decode(self, ids: list[int], *, skip_special_tokens: bool) -> str:
        """The text of *ids*."""
        ...


class FlorenceDescriber:
    """Describes pictures with Florence-2, greedily, so that a picture gets the same words each time.

    The device and its precision are chosen as for encoders of pictures. Where its memory does not suffice, passes are
    halved, and at last the CPU goes on; then *on_notice* is called with a sentence. No answer has more tokens than
    *most_tokens*, if that is given.
    Raises `CheckpointDamaged`, `CheckpointChanged`, `DeviceUnavailable` and `DeviceFailed`.
    """

    def __init__(
        self,
        checkpoint: FlorenceCheckpoint,
        tasks: AbstractSet[Task],
        device: str | None = None,
        threads: int | None = None,
        *,
        most_tokens: int | None = None,
        machine: Machine = THIS_MACHINE,
        on_notice: Callable[[str], None] = lambda _sentence: None,
    ) -> None:
        if threads is not None:
            limit_threads(threads)
        chosen, self.precision = choose_device(checkpoint, device, machine=machine, on_notice=on_notice)
        self.name = checkpoint.name
        self._checkpoint = checkpoint
        self._tasks = asked(tasks)
        self._most_tokens = most_tokens
        self._processor, self.side = _processor(checkpoint.folder)
        self._fallback = CpuFallback(chosen, self._load, on_notice, "Florence-2")

    @property
    def device(self) -> str:
        """The device that it computes on."""
        return self._fallback.device

    def describe(self, pictures: Sequence[Image.Image]) -> list[Description | NotDescribed]:
        """One outcome for each picture, in their order. Raises `DescriberBroken` as the protocol says."""
        outcomes: list[Description | NotDescribed] = []
        while len(outcomes) < len(pictures):
            some = [each.convert("RGB") for each in pictures[len(outcomes) : len(outcomes) + self._most]]
            try:
                outcomes += self._fallback.call(partial(self._fitting, some))
            except (RuntimeError, MemoryError, ValueError, IndexError) as error:
                reason = "the memory is too small" if isinstance(error, MemoryError) else reason_of(error)
                if not outcomes:
                    raise DescriberBroken(self.name, reason) from error
                left = len(pictures) - len(outcomes)
                outcomes += [NotDescribed(f"Florence-2 failed: {reason}.", is_passing=True)] * left
        return outcomes

    def close(self) -> None:
        """Give back the model's memory; the describer cannot be used any longer."""
        device = self.device
        del self._model
        empty_cache(device)

    def _load(self, device: str) -> None:
        self._model = _model(self._checkpoint, device, getattr(torch, self.precision))
        self._most = _ON_CPU if device == CPU else _ON_ACCELERATOR

    def _fitting(self, pictures: list[Image.Image]) -> list[Description]:
        """The descriptions of *pictures*, in halves if memory does not suffice. Raises `MemoryTooSmall`."""
        try:
            return self._described(pictures)
        except RuntimeError as error:
            if not is_memory_full(error):
                raise
        # Only here: the error's traceback, which held tensors, is gone.
        empty_cache(self.device)
        if len(pictures) == 1:
            raise MemoryTooSmall
        half = len(pictures) // 2
        self._most = min(self._most, half)
        return [*self._fitting(pictures[:half]), *self._fitting(pictures[half:])]

    @torch.inference_mode()
    def _described(self, pictures: list[Image.Image]) -> list[Description]:
        features: torch.Tensor | None = None
        answers: dict[Task, list[object]] = {}
        for task in self._tasks:
            inputs = self._inputs(task, pictures)
            if features is None:
                # Two thirds of the work for a caption, and the same for every task.
                features = self._features(inputs["pixel_values"])
            ids = self._answer(task, inputs, features)
            answers[task] = [self._read(task, each, picture.size) for each, picture in zip(ids, pictures, strict=True)]
        return [_description({task: found[place] for task, found in answers.items()}) for place in range(len(pictures))]

    def _inputs(self, task: Task, pictures: list[Image.Image]) -> Mapping[str, torch.Tensor]:
        return self._processor(text=[TOKENS[task]] * len(pictures), images=pictures, return_tensors="pt")

    def _features(self, pixels: torch.Tensor) -> torch.Tensor:
        found = self._model.get_image_features(pixels.to(self.device, getattr(torch, self.precision)))
        return found if isinstance(found, torch.Tensor) else cast("torch.Tensor", found.pooler_output)

    def _answer(self, task: Task, inputs: Mapping[str, torch.Tensor], features: torch.Tensor) -> list[list[int]]:
        """Tokens of each answer, without those that begin, end and pad it."""
        model = self._model
        ids, mask = inputs["input_ids"].to(self.device), inputs["attention_mask"].to(self.device)
        embedded = model.get_input_embeddings()(ids)
        is_picture = (ids == model.config.image_token_id).unsqueeze(-1)
        embedded = embedded.masked_scatter(is_picture, features.to(embedded.dtype))
        places = cast("BartConfig", model.config.text_config).max_position_embeddings
        read = model.get_encoder()(inputs_embeds=embedded, attention_mask=mask)
        # The types of transformers say that its own class has no such method.
        made = model.generate(  # type: ignore[misc]
            encoder_outputs=read,
            attention_mask=mask,
            max_new_tokens=min(self._most_tokens or places, _MOST_TOKENS[task], places - 1),
            # The settings of published checkpoints ask for three beams.
            num_beams=1,
            do_sample=False,
            early_stopping=False,
        )
        return [_inner(row, self._processor.tokenizer.eos_token_id) for row in cast("torch.Tensor", made).tolist()]

    def _read(self, task: Task, ids: list[int], size: tuple[int, int]) -> object:
        """Text, or the list of labels that boxes have."""
        text = self._processor.tokenizer.decode(ids, skip_special_tokens=False)
        token = TOKENS[task]
        found = self._processor.post_process_generation(text, task=token, image_size=size)[token]
        return found["labels"] if isinstance(found, dict) else found


def _inner(row: list[int], end: int) -> list[int]:
    """The tokens of *row* behind the first, which starts the decoder and is *end* itself, up to the next *end*."""
    inner = row[1:]
    return inner[: inner.index(end)] if end in inner else inner


def _description(answers: Mapping[Task, object]) -> Description:
    caption = answers.get(Task.DETAILED_CAPTION, answers.get(Task.CAPTION))
    labels = [
        str(label) for task in (Task.OBJECTS, Task.REGIONS) for label in cast("Sequence[object]", answers.get(task, ()))
    ]
    return plain_description(
        None if caption is None else str(caption), labels, str(answers[Task.TEXT]) if Task.TEXT in answers else None
    )


def _processor(folder: Path) -> tuple[_Processor, int]:
    """The processor, and the side of the pictures that it makes. Raises `CheckpointDamaged`."""
    from transformers import AutoImageProcessor, Florence2Processor  # noqa: PLC0415 - takes seconds

    keep_transformers_off_stderr()
    try:
        with without_warnings():
            processor = Florence2Processor.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
            # Pillow resizes, so that pixels are the same with torchvision and without.
            pictures = AutoImageProcessor.from_pretrained(folder, backend="pil", local_files_only=True)  # type: ignore[no-untyped-call]
    except (RuntimeError, ValueError, OSError, KeyError, TypeError, AttributeError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise CheckpointDamaged(folder, f"transformers cannot load its processor ({reason})") from error
    processor.image_processor = pictures
    rules = processor.post_processor_config or {}
    if missing := [name for name in _RULES if name not in rules]:
        raise CheckpointDamaged(folder, f"processor_config.json has no rule {missing[0]}")
    # Of this size transformers makes a dict or a class of its own.
    sides = [int(pixels) for pixels in dict(pictures.size or {}).values() if pixels]
    return cast("_Processor", processor), max(sides, default=_USUAL_SIDE)


def _generation_settings(folder: Path) -> GenerationConfig:
    """The settings of generation in *folder*; older checkpoints have them in `config.json`."""
    from transformers import GenerationConfig  # noqa: PLC0415 - takes seconds

    try:
        return GenerationConfig.from_pretrained(folder, local_files_only=True)
    except OSError:
        return GenerationConfig.from_pretrained(folder, "config.json", local_files_only=True, _from_model_config=True)


def _model(checkpoint: FlorenceCheckpoint, device: str, dtype: torch.dtype) -> Florence2ForConditionalGeneration:
    from transformers import Florence2Config, Florence2ForConditionalGeneration  # noqa: PLC0415 - takes seconds

    def options() -> dict[str, object]:
        return {
            "config": Florence2Config.from_pretrained(checkpoint.folder, local_files_only=True),
            "state_dict": stored_weights(checkpoint.weights),
            "generation_config": _generation_settings(checkpoint.folder),
            "dtype": dtype,
        }

    stamp = stamp_of(checkpoint.weights)
    with without_warnings():
        # The decoder's last layer is its table of words, and need not be in the file.
        model = load_model(
            cast("ModelClass", Florence2ForConditionalGeneration), checkpoint.folder, options, {"lm_head.weight"}
        )
    if stamp_of(checkpoint.weights) != stamp:
        raise CheckpointChanged(checkpoint.folder)
    return cast("Florence2ForConditionalGeneration", model.to(device).eval())
