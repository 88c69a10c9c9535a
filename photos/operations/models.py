"""Use cases about checkpoints: list, choose, describe and download them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from photos.library import OpenLibrary
from photos.models import DEMO, RECOMMENDED, SHIPPED, Model, downloaded, pick
from photos.operations.progress import SILENT, Progress, Stage, steps
from photos.sizes import folder_size


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A checkpoint of the list. `size` is in bytes."""

    reference: str
    size: int
    good_for: str
    is_here: bool
    is_in_use: bool


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
    #: Precision of the library's embeddings; None if there is no space yet.
    precision: str | None
    weights_sha256: str
    #: Whether the weights are those that the library's embeddings were made with; None if there is no space yet.
    same_weights: bool | None


def list_models(library: OpenLibrary) -> tuple[ModelEntry, ...]:
    """The shipped and the recommended checkpoints, the other downloaded ones, and the one in use."""
    models, current = library.settings.models, library.model_reference
    here = downloaded(models)
    known = [(DEMO, folder_size(SHIPPED[DEMO]), "drawings only: trying things out")]
    known += [(each.reference, each.size, each.good_for) for each in RECOMMENDED]
    names = {name for name, _, _ in known}
    known += [(name, folder_size(folder), "") for name, folder in sorted(here.items()) if name not in names]
    if current is not None and current not in {name for name, _, _ in known}:
        known.append((current, folder_size(Path(current)), ""))
    return tuple(
        ModelEntry(name, size, good_for, name in here or name in {DEMO, current}, name == current)
        for name, size, good_for in known
    )


def use_model(library: OpenLibrary, reference: str, patches: int | None = None) -> Model:
    """Choose the checkpoint of a library that has no photos, and of a NaFlex one the most *patches* of a picture.

    Raises the errors of `photos.models.choose`.
    """
    return library.choose_model(reference, patches)


def model_status(library: OpenLibrary) -> ModelStatus:
    """Describe the library's checkpoint and compare its weights. Raises `ModelError` if it cannot be opened."""
    space = library.space_if_any
    reference = library.model_reference
    checkpoint = pick(library.settings, None, reference)
    if space is not None:
        checkpoint = checkpoint.seeing_as(space.identity.preprocessing)
    weights_hash = checkpoint.weights_hash()
    return ModelStatus(
        model=checkpoint.name,
        folder=checkpoint.folder,
        chosen=reference is not None,
        dimension=checkpoint.dimension,
        image_size=checkpoint.image_size,
        patches=checkpoint.patches,
        text_length=checkpoint.text_length,
        preprocessing=checkpoint.preprocessing.name if space is None else space.identity.preprocessing,
        precision=None if space is None else space.identity.precision,
        weights_sha256=weights_hash,
        same_weights=None if space is None else space.identity.weights_hash == weights_hash,
    )


def download_model(library: OpenLibrary, reference: str, progress: Progress = SILENT) -> Path | None:
    """Download a checkpoint from the Hugging Face hub. Returns its folder; None if it comes with the program.

    An interrupted download keeps its finished parts, and the next one continues from there. *progress* receives a
    `Step` in bytes. Raises `ModelError`.
    """
    if reference in SHIPPED:
        return None
    from indexer.models import HuggingFaceHub, download  # noqa: PLC0415 - the only use of the network

    return download(reference, library.settings.models, HuggingFaceHub(), steps(progress, Stage.DOWNLOAD))
