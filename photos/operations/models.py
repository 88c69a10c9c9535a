"""Checkpoints: which are known, which one a library uses, and the space that it makes."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from indexer.models import Checkpoint, ModelMissing, locate, open_checkpoint
from photos.errors import ModelChanged, ModelInUse, NoModelChosen

if TYPE_CHECKING:
    from photos.config import Settings
    from store import Catalog, Space

#: The checkpoint that comes with the program. It knows drawings, and is used only when it is named.
DEMO: Final = "demo"
SHIPPED: Final = {DEMO: Path(__file__).parents[1] / "demo" / "checkpoint"}


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A checkpoint on the hub that is worth its size. `size` is its download, in bytes."""

    reference: str
    size: int
    good_for: str


#: Sizes are those of the float32 weights and the tokenizer.
RECOMMENDED: Final = (
    Recommendation("google/siglip2-base-patch16-256", 1_540_000_000, "the default on a CPU"),
    Recommendation("google/siglip2-base-patch32-256", 1_550_000_000, "a quarter of the work a picture, less exact"),
    Recommendation("google/siglip2-so400m-patch16-384", 4_580_000_000, "the default with a GPU"),
    Recommendation("google/siglip-base-patch16-256", 820_000_000, "the smallest download, English only"),
)
DEFAULT: Final = RECOMMENDED[0]
DEFAULT_WITH_GPU: Final = RECOMMENDED[2]


@dataclass(frozen=True, slots=True)
class Model:
    """A checkpoint, opened but not loaded, and the space that its embeddings are in."""

    reference: str
    checkpoint: Checkpoint
    space: Space


def open_reference(reference: str, models: Path) -> Checkpoint:
    """The checkpoint of that name, hub id or folder. Raises the embedder's errors, which say what to do."""
    return open_checkpoint(locate(reference, models, shipped=SHIPPED), reference)


def choose(catalog: Catalog, settings: Settings, asked: str | None) -> Model:
    """The model that the library uses from now on: the one *asked* for, its own, the setting's, or the default.

    Raises `ModelInUse` if the library's photos were embedded with another, `ModelChanged` if its weights are others
    now, `NoModelChosen` if there is nothing to choose.
    """
    with catalog.read() as t:
        current, space_id = t.library.model(), t.library.space_id()
        space = None if space_id is None else t.spaces.get(space_id)
        is_empty = space_id is None or t.embeddings.count(space_id) == 0
    reference = _absolute(asked or current or settings.model or _default(settings.models))
    checkpoint = open_reference(reference, settings.models)
    weights_hash = _weights_hash(catalog, checkpoint)
    if space is not None and space.identity.weights_hash == weights_hash:
        if asked or current is None:
            _remember(catalog, reference, space)
        return Model(reference, checkpoint, space)
    if space is not None and current is not None and not is_empty:
        raise ModelInUse(current, reference) if reference != current else ModelChanged(current)
    return _take(catalog, settings, reference, checkpoint, weights_hash)


def pick(settings: Settings, asked: str | None, current: str | None) -> Checkpoint:
    """The checkpoint for a question that no library need answer: the one *asked* for, the library's, or the default."""
    return open_reference(asked or current or settings.model or _default(settings.models), settings.models)


def reopen(catalog: Catalog, settings: Settings, space: Space) -> Checkpoint:
    """The checkpoint that the library's *space* was made with. Raises `ModelChanged` if its weights are others now."""
    with catalog.read() as t:
        reference = t.library.model() or space.identity.model
    checkpoint = open_reference(reference, settings.models)
    if _weights_hash(catalog, checkpoint) != space.identity.weights_hash:
        raise ModelChanged(reference)
    return checkpoint


def _take(catalog: Catalog, settings: Settings, reference: str, checkpoint: Checkpoint, weights_hash: str) -> Model:
    precision = settings.precision or _best_precision(checkpoint, settings.device)
    with catalog.write() as t:
        space = t.spaces.ensure(checkpoint.identity(precision, weights_hash))
        t.library.set_model(reference)
        t.library.set_space(space.id)
    return Model(reference, checkpoint, space)


def _best_precision(checkpoint: Checkpoint, device: str | None) -> str:
    from indexer.models.backends.devices import choose as choose_device  # noqa: PLC0415 - this loads torch

    _, precision = choose_device(checkpoint, device)
    return precision


def _remember(catalog: Catalog, reference: str, space: Space) -> None:
    with catalog.write() as t:
        t.library.set_model(reference)
        t.library.set_space(space.id)


def _weights_hash(catalog: Catalog, checkpoint: Checkpoint) -> str:
    stamp = checkpoint.weights_stamp()
    with catalog.read() as t:
        known = t.library.weights_hash(stamp)
    if known is not None:
        return known
    weights_hash = checkpoint.weights_hash()
    with catalog.write() as t:
        t.library.remember_weights(stamp, weights_hash)
    return weights_hash


def _absolute(reference: str) -> str:
    # A folder given relative to here must be found from elsewhere too.
    is_folder = reference not in SHIPPED and Path(reference).expanduser().is_dir()
    return str(Path(reference).expanduser().resolve()) if is_folder else reference


def _default(models: Path) -> str:
    wanted = DEFAULT_WITH_GPU if has_gpu() else DEFAULT
    try:
        open_reference(wanted.reference, models)
    except ModelMissing:
        raise NoModelChosen(wanted.reference, in_bytes(wanted.size)) from None
    return wanted.reference


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the list of checkpoints. `size` is in bytes."""

    reference: str
    size: int
    good_for: str
    here: bool
    in_use: bool


def listed(models: Path, current: str | None) -> list[Entry]:
    """The shipped and the recommended checkpoints, the downloaded ones beside them, and the *current* one."""
    here = downloaded(models)
    known = [(DEMO, folder_size(SHIPPED[DEMO]), "drawings only: trying things out")]
    known += [(each.reference, each.size, each.good_for) for each in RECOMMENDED]
    names = {name for name, _, _ in known}
    known += [(name, folder_size(folder), "") for name, folder in sorted(here.items()) if name not in names]
    if current is not None and current not in {name for name, _, _ in known}:
        known.append((current, folder_size(Path(current)), ""))
    return [
        Entry(name, size, good_for, name in here or name in {DEMO, current}, name == current)
        for name, size, good_for in known
    ]


def downloaded(models: Path) -> dict[str, Path]:
    """The checkpoints that were downloaded, by hub id."""
    folders = models.glob("[!.]*--*") if models.is_dir() else ()
    return {folder.name.replace("--", "/", 1): folder for folder in folders if folder.is_dir()}


def folder_size(folder: Path) -> int:
    """Bytes of the files in *folder*; 0 if it is not there."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def has_gpu(exists: Callable[[Path], bool] = Path.exists) -> bool:
    """Whether this machine seems to have a GPU that torch could use. Asks the system, since torch takes seconds."""
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    return exists(Path("/proc/driver/nvidia/version")) or exists(Path("/dev/kfd"))


def in_bytes(size: float) -> str:
    """A size for people, in powers of ten: `1.5 GB`."""
    step = 1000
    for unit in ("bytes", "kB", "MB"):
        if size < step:
            return f"{size:.3g} {unit}"
        size /= step
    return f"{size:.1f} GB"
