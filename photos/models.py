"""Choice of a library's checkpoint: the known ones, the default, and the space that one makes."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from indexer.models import Checkpoint, ModelMissing, locate, open_checkpoint
from photos.errors import ModelChanged, ModelInUse, NoModelChosen, PatchesFixed, PatchesInUse
from photos.sizes import readable_size

if TYPE_CHECKING:
    from photos.config import Settings
    from store import Catalog, Space, Transaction

#: The checkpoint that comes with the program. It knows drawings only, and is used only when it is named.
DEMO: Final = "demo"
SHIPPED: Final = {DEMO: Path(__file__).parent / "demo" / "checkpoint"}


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A recommended checkpoint of the Hugging Face hub. `size` is its download, in bytes."""

    reference: str
    size: int
    good_for: str


#: Sizes are those of the float32 weights and the tokenizer.
RECOMMENDED: Final = (
    Recommendation("google/siglip2-base-patch16-256", 1_540_000_000, "the default on a CPU"),
    Recommendation("google/siglip2-base-patch32-256", 1_550_000_000, "a quarter of the work per picture, less exact"),
    Recommendation("google/siglip2-so400m-patch16-384", 4_580_000_000, "the default with a GPU"),
    Recommendation("google/siglip-base-patch16-256", 820_000_000, "the smallest download, English only"),
    Recommendation("google/siglip2-base-patch16-naflex", 1_540_000_000, "documents and screens: keeps proportions"),
    Recommendation("google/siglip2-so400m-patch16-naflex", 4_580_000_000, "the same, for a GPU"),
)
DEFAULT: Final = RECOMMENDED[0]
#: The setting for a space in 8 bits. There are two of them; see `precision_of_new`.
INT8: Final = "int8"
DEFAULT_WITH_GPU: Final = RECOMMENDED[2]


@dataclass(frozen=True, slots=True)
class Model:
    """A checkpoint, opened but not loaded, and the space of its embeddings."""

    reference: str
    checkpoint: Checkpoint
    space: Space


def open_reference(reference: str, models: Path) -> Checkpoint:
    """Open the checkpoint of that name, hub id or folder. Raises `ModelError`."""
    return open_checkpoint(locate(reference, models, shipped=SHIPPED), reference)


def choose(catalog: Catalog, settings: Settings, requested: str | None, patches: int | None = None) -> Model:
    """Choose the library's model and remember it: *requested*, the current one, the setting's, or the default.

    Of a NaFlex checkpoint, a picture gets at most *patches*, or the setting's or the checkpoint's own number. Raises
    `ModelInUse` if the library's photos were embedded with another checkpoint, `PatchesInUse` if with another number of
    patches than *patches*, `ModelChanged` if the weights have changed since, `PatchesFixed` if the checkpoint is not
    NaFlex, and `NoModelChosen` if no default is on this machine.
    """
    with catalog.read() as t:
        current, space_id = t.library.model(), t.library.space_id()
        space = None if space_id is None else t.spaces.get(space_id)
        is_empty = space_id is None or t.embeddings.count(space_id) == 0
        reference = _absolute(requested or current or settings.model or _default(settings.models))
        checkpoint = open_reference(reference, settings.models)
        known_hash = t.library.weights_hash(checkpoint.weights_stamp())
    if patches is not None and checkpoint.patches is None:
        raise PatchesFixed(reference)
    weights_hash = known_hash or checkpoint.weights_hash()
    is_same = space is not None and space.identity.weights_hash == weights_hash
    if space is not None and is_same and not _is_renewed(checkpoint, space, patches or settings.patches, is_empty):
        held = _decoding_as(checkpoint, space).patches
        if held is not None and patches is not None and patches != held:
            raise PatchesInUse(held, patches)
        if requested or current is None or known_hash is None:
            with catalog.write() as t:
                space = t.spaces.ensure(space.identity, reference)
                _remember(t, reference, checkpoint, space, weights_hash)
        return Model(reference, _decoding_as(checkpoint, space), space)
    if space is not None and current is not None and not is_empty:
        if known_hash is None:
            with catalog.write() as t:
                t.library.remember_weights(checkpoint.weights_stamp(), weights_hash)
        raise ModelInUse(current, reference) if reference != current else ModelChanged(current)
    precision = precision_of_new(checkpoint, settings)
    checkpoint = checkpoint.decoding(is_full=settings.decodes_in_full, patches=patches or settings.patches)
    with catalog.write() as t:
        space = t.spaces.ensure(checkpoint.identity(precision, weights_hash), reference)
        _remember(t, reference, checkpoint, space, weights_hash)
    return Model(reference, checkpoint, space)


def reopen(catalog: Catalog, settings: Settings, space: Space) -> Checkpoint:
    """Open the checkpoint that made *space*. Raises `ModelChanged` if its weights have changed."""
    reference = reference_of(space)
    with catalog.read() as t:
        checkpoint = open_reference(reference, settings.models)
        known_hash = t.library.weights_hash(checkpoint.weights_stamp())
    weights_hash = known_hash or checkpoint.weights_hash()
    if known_hash is None:
        with catalog.write() as t:
            t.library.remember_weights(checkpoint.weights_stamp(), weights_hash)
    if weights_hash != space.identity.weights_hash:
        raise ModelChanged(reference)
    return _decoding_as(checkpoint, space)


def reference_of(space: Space) -> str:
    """The checkpoint of *space* as the user named it."""
    return space.reference or space.identity.model


def pick(settings: Settings, requested: str | None, current: str | None) -> Checkpoint:
    """Open *requested*, the library's *current* checkpoint, the setting's, or the default. Nothing is remembered."""
    reference = requested or current or settings.model or _default(settings.models)
    return open_reference(reference, settings.models).decoding(
        is_full=settings.decodes_in_full, patches=settings.patches
    )


def downloaded(models: Path) -> dict[str, Path]:
    """The folders of downloaded checkpoints, by hub id."""
    folders = models.glob("[!.]*--*") if models.is_dir() else ()
    return {folder.name.replace("--", "/", 1): folder for folder in folders if folder.is_dir()}


def has_gpu(exists: Callable[[Path], bool] = Path.exists) -> bool:
    """Return whether this machine seems to have a GPU that torch can use. Does not load torch, which takes seconds."""
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    return exists(Path("/proc/driver/nvidia/version")) or exists(Path("/dev/kfd"))


def _remember(t: Transaction, reference: str, checkpoint: Checkpoint, space: Space, weights_hash: str) -> None:
    t.library.remember_weights(checkpoint.weights_stamp(), weights_hash)
    t.library.set_model(reference)
    t.library.set_space(space.id)


def _is_renewed(checkpoint: Checkpoint, space: Space, patches: int | None, is_empty: bool) -> bool:
    """Return whether *space*, which has no photos yet, makes room for one with another number of patches."""
    return is_empty and patches is not None and _decoding_as(checkpoint, space).patches not in {None, patches}


def _decoding_as(checkpoint: Checkpoint, space: Space) -> Checkpoint:
    """*checkpoint* with the decoding and the patches of *space*: later settings do not change a library."""
    return checkpoint.seeing_as(space.identity.preprocessing)


def precision_of_new(checkpoint: Checkpoint, settings: Settings) -> str:
    """The precision of a new space: the setting's, or the best for the device.

    int8 becomes `int8-narrow` where that is clearly faster, which is tried. Raises `DeviceUnavailable`.
    """
    if settings.precision not in {None, INT8}:
        return str(settings.precision)
    from indexer.models.backends.devices import choose as choose_device  # noqa: PLC0415 - this loads torch

    _, precision = choose_device(checkpoint, settings.device, settings.precision)
    if precision != INT8:
        return precision
    from indexer.models.backends.int8 import fastest_int8  # noqa: PLC0415 - as above

    return fastest_int8()


def _absolute(reference: str) -> str:
    # A relative folder must be found from other working directories too.
    is_folder = reference not in SHIPPED and Path(reference).expanduser().is_dir()
    return str(Path(reference).expanduser().resolve()) if is_folder else reference


def _default(models: Path) -> str:
    default = DEFAULT_WITH_GPU if has_gpu() else DEFAULT
    try:
        open_reference(default.reference, models)
    except ModelMissing:
        raise NoModelChosen(default.reference, readable_size(default.size)) from None
    return default.reference
