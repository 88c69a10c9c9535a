"""Use cases about checkpoints: list, choose, describe and download them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.models import Checkpoint, ModelError, open_checkpoint
from indexer.models.checkpoints.published import Published, published
from indexer.models.siglip.encoders import attention_of, backend_of
from photos.known_models import ADVICE, ADVICE_WITH_GPU, DEMO, RECOMMENDED, SHIPPED, relative_work
from photos.library import OpenLibrary
from photos.models import Model, downloaded, has_gpu, pick
from photos.operations.progress import SILENT, Progress, Stage, steps
from photos.sizes import folder_size

if TYPE_CHECKING:
    from indexer.models.backends.accelerators import Machine


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A checkpoint of the list. `size` is in bytes."""

    reference: str
    size: int
    good_for: str
    is_here: bool
    is_in_use: bool
    #: Work for a picture, that of the default on a CPU being 1; None if the checkpoint cannot be opened.
    work: float | None
    #: The figures of its authors, if it is published.
    published: Published | None


@dataclass(frozen=True, slots=True)
class ModelList:
    """The checkpoints that are worth having or here, and the advice for this machine."""

    entries: tuple[ModelEntry, ...]
    advice: str


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """The library's checkpoint, or the one that a new library would use."""

    model: str
    folder: Path
    #: Whether the library has chosen it.
    chosen: bool
    dimension: int
    #: Pixels of a side; None if pictures keep their proportions.
    image_size: int | None
    #: Patches that a picture has at most, if pictures keep their proportions.
    patches: int | None
    #: Tokens.
    text_length: int
    preprocessing: str
    #: Device that computes, None if the one that was asked for cannot; and the name of the card, None for the CPU.
    device: str | None
    card: str | None
    #: Sentence about the device, if the one that was asked for, or a better one, cannot be used.
    device_problem: str | None
    #: Precision of the library's embeddings; None if there is no space yet.
    precision: str | None
    #: Precision that a new library would have on this device.
    best_precision: str | None
    #: Implementation of the image encoder, and its attention.
    backend: str
    attention: str
    weights_sha256: str
    #: Whether the weights are those that the library's embeddings were made with; None if there is no space yet.
    same_weights: bool | None


def list_models(library: OpenLibrary) -> ModelList:
    """The shipped and the recommended checkpoints, the other downloaded ones, and the one in use."""
    current = library.model_reference
    here = {DEMO: SHIPPED[DEMO], **downloaded(library.settings.models)}
    if current is not None and Path(current).is_dir():
        here.setdefault(current, Path(current))
    good_for = {DEMO: "drawings only: trying things out", **{each.reference: each.good_for for each in RECOMMENDED}}
    names = (DEMO, *(each.reference for each in RECOMMENDED), *sorted(set(here) - set(good_for)))
    entries = tuple(
        _entry(name, here.get(name), good_for.get(name, ""), is_in_use=name == current)
        for name in dict.fromkeys((*names, *([] if current is None else [current])))
    )
    return ModelList(entries, ADVICE_WITH_GPU if has_gpu() else ADVICE)


def _entry(reference: str, folder: Path | None, good_for: str, *, is_in_use: bool) -> ModelEntry:
    known = published(reference)
    size = known.size if known is not None else 0 if folder is None else folder_size(folder)
    work = None if known is None else relative_work(known.work)
    if known is None and folder is not None:
        with suppress(ModelError):
            work = relative_work(open_checkpoint(folder).work)
    return ModelEntry(reference, size, good_for, folder is not None, is_in_use, work, known)


def use_model(library: OpenLibrary, reference: str, patches: int | None = None) -> Model:
    """Choose the checkpoint of a library that has no photos, and of a NaFlex one the most *patches* of a picture.

    Raises the errors of `photos.models.choose_model`.
    """
    return library.choose_model(reference, patches)


def model_status(library: OpenLibrary, machine: Machine | None = None) -> ModelStatus:
    """Describe the library's checkpoint and compare its weights. Raises `ModelError` if it cannot be opened.

    The devices are those of *machine*, or of this machine if it is None.
    """
    space = library.space_if_any
    reference = library.model_reference
    checkpoint = pick(library.settings, None, reference)
    if space is not None:
        checkpoint = checkpoint.seeing_as(space.identity.preprocessing)
    weights_hash = checkpoint.weights_hash()
    precision = library.settings.precision if space is None else space.identity.precision
    computing = _device(checkpoint, library.settings.device, precision, machine)
    backend = backend_of(checkpoint, precision, library.settings.backend)
    return ModelStatus(
        model=checkpoint.name,
        folder=checkpoint.folder,
        chosen=reference is not None,
        dimension=checkpoint.dimension,
        image_size=checkpoint.image_size,
        patches=checkpoint.patches,
        text_length=checkpoint.text_length,
        preprocessing=checkpoint.preprocessing.name if space is None else space.identity.preprocessing,
        device=computing.device,
        card=computing.card,
        device_problem=computing.problem,
        precision=None if space is None else space.identity.precision,
        best_precision=computing.best_precision,
        backend=backend,
        attention=attention_of(checkpoint, backend),
        weights_sha256=weights_hash,
        same_weights=None if space is None else space.identity.weights_hash == weights_hash,
    )


@dataclass(frozen=True, slots=True)
class _Device:
    """Fields of `ModelStatus` about the device."""

    device: str | None = None
    card: str | None = None
    best_precision: str | None = None
    problem: str | None = None


def _device(checkpoint: Checkpoint, wanted: str | None, precision: str | None, machine: Machine | None) -> _Device:
    from indexer.models.backends.accelerators import THIS_MACHINE, label_of  # noqa: PLC0415 - this loads torch
    from indexer.models.backends.devices import best_precision, choose_device  # noqa: PLC0415 - as above

    machine, notices = machine or THIS_MACHINE, list[str]()
    try:
        device, _ = choose_device(checkpoint, wanted, precision, machine=machine, on_notice=notices.append)
    except ModelError as error:
        return _Device(problem=str(error))
    best = best_precision(checkpoint, device, machine)
    return _Device(device, label_of(device, machine), best, " ".join(notices) or None)


@dataclass(frozen=True, slots=True)
class PrecisionSpeed:
    """Speed of the image encoder in a precision on this machine.

    `seconds` are those of one picture, on a CPU of one core; `ratio` is float32's seconds by them.
    """

    precision: str
    seconds: float
    ratio: float
    #: Whether a new library has this precision unless another one is asked for.
    is_default: bool
    #: Whether the library's embeddings have it.
    is_in_use: bool


@dataclass(frozen=True, slots=True)
class ModelSpeed:
    """Speeds of a checkpoint's image encoder on `device`; float32 is the first."""

    model: str
    device: str
    speeds: tuple[PrecisionSpeed, ...]
    #: Name of the card; None for the CPU.
    card: str | None = None


def model_speed(library: OpenLibrary, reference: str | None = None, *, layers: int | None = None) -> ModelSpeed:
    """Measure *reference*, or the library's checkpoint, in each precision that suits the device. Takes seconds.

    With *layers*, fewer of the encoder's layers are run. Raises `ModelError`.
    """
    from indexer.models.backends.accelerators import label_of  # noqa: PLC0415 - this loads torch
    from indexer.models.backends.devices import choose_device  # noqa: PLC0415 - as above
    from indexer.models.siglip.speeds import LAYERS, speeds  # noqa: PLC0415 - as above

    checkpoint = pick(library.settings, reference, library.model_reference)
    device, default = choose_device(checkpoint, library.settings.device)
    own = precision_in_use(library, checkpoint)
    measured = speeds(checkpoint, device, () if own is None else (own,), layers=layers or LAYERS)
    baseline = measured[0].seconds
    found = (
        PrecisionSpeed(
            each.precision, each.seconds, baseline / each.seconds, each.precision == default, each.precision == own
        )
        for each in measured
    )
    return ModelSpeed(checkpoint.name, device, tuple(found), label_of(device))


def precision_in_use(library: OpenLibrary, checkpoint: Checkpoint) -> str | None:
    """The precision of the library's embeddings, if they are the checkpoint's."""
    space = library.space_if_any
    if space is None:
        return None
    with library.catalog.read() as t:
        known_hash = t.library.weights_hash(checkpoint.weights_stamp())
    return space.identity.precision if space.identity.weights_hash == known_hash else None


def download_model(library: OpenLibrary, reference: str, progress: Progress = SILENT) -> Path | None:
    """Download a checkpoint, or a Florence-2, from the Hugging Face hub. Returns its folder; None for one shipped here.

    An interrupted download keeps its finished parts, and the next one continues from there. *progress* receives a
    `Step` in bytes. Raises `ModelError`, and `WrongCheckpoint` for a Florence-2 in another form.
    """
    if reference in SHIPPED:
        return None
    from indexer.describers import find_florence, is_florence  # noqa: PLC0415 - rarely needed
    from indexer.models import HuggingFaceHub, download  # noqa: PLC0415 - the only use of the network

    fetch = find_florence if is_florence(reference) else download
    return fetch(reference, library.settings.models, HuggingFaceHub(), steps(progress, Stage.DOWNLOAD))
