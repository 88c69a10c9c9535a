"""Choice of a library's checkpoint, and the space that one makes."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from indexer.models import Checkpoint, ModelMissing, locate, open_checkpoint
from photos.known_models import DEFAULT, DEFAULT_WITH_GPU, SHIPPED
from photos.model_errors import ModelChanged, ModelInUse, NoModelChosen, PatchesFixed, PatchesInUse
from photos.sizes import readable_size
from store.errors import StoreError

if TYPE_CHECKING:
    from photos.config import Settings
    from store import Catalog, Space, SpaceIdentity, Transaction

#: The setting for a space in 8 bits. There are two of them; see `precision_of_new`.
INT8: Final = "int8"
#: Settings whose libraries may be missing here.
IN_BITSANDBYTES: Final = ("bnb-int8", "bnb-nf4")


@dataclass(frozen=True, slots=True)
class Model:
    """A checkpoint, opened but not loaded, and the space of its embeddings."""

    reference: str
    checkpoint: Checkpoint
    space: Space


def open_reference(reference: str, models: Path) -> Checkpoint:
    """Open the checkpoint of that name, hub id or folder. Raises `ModelError`."""
    return open_checkpoint(locate(reference, models, shipped=SHIPPED), reference)


def choose_model(catalog: Catalog, settings: Settings, requested: str | None, patches: int | None = None) -> Model:
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
    if space is not None and is_same and not (is_empty and _is_renewed(checkpoint, space, settings, patches)):
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
    checkpoint = open_reference(space.model, settings.models)
    if _weights_hash(catalog, checkpoint) != space.identity.weights_hash:
        with catalog.read() as t:
            raise ModelChanged(space.model, is_answering=t.library.space_id() == space.id)
    return _decoding_as(checkpoint, space)


def open_new(
    catalog: Catalog, settings: Settings, requested: str, patches: int | None = None
) -> tuple[str, SpaceIdentity]:
    """Open the checkpoint *requested* for a space beside the library's: its reference, and the identity of that space.

    Precision, patches and decoding are those of a new library. Raises `ModelError`, `PatchesFixed` or
    `DeviceUnavailable`.
    """
    reference = _absolute(requested)
    checkpoint = open_reference(reference, settings.models)
    if patches is not None and checkpoint.patches is None:
        raise PatchesFixed(reference)
    weights_hash = _weights_hash(catalog, checkpoint)
    precision = precision_of_new(checkpoint, settings)
    checkpoint = checkpoint.decoding(is_full=settings.decodes_in_full, patches=patches or settings.patches)
    return reference, checkpoint.identity(precision, weights_hash)


def _weights_hash(catalog: Catalog, checkpoint: Checkpoint) -> str:
    """The hash of its weights, which is remembered."""
    with catalog.read() as t:
        known_hash = t.library.weights_hash(checkpoint.weights_stamp())
    if known_hash is not None:
        return known_hash
    weights_hash = checkpoint.weights_hash()
    # It only saves time later: what was asked for must not wait for another process that writes, or fail with the disk.
    with suppress(StoreError), catalog.write(patience=0) as t:
        t.library.remember_weights(checkpoint.weights_stamp(), weights_hash)
    return weights_hash


def pick(settings: Settings, requested: str | None, current: str | None) -> Checkpoint:
    """Open *requested*, the library's *current* checkpoint, the setting's, or the default. Nothing is remembered."""
    reference = requested or current or settings.model or _default(settings.models)
    return open_reference(reference, settings.models).decoding(
        is_full=settings.decodes_in_full, patches=settings.patches
    )


def downloaded(models: Path) -> dict[str, Path]:
    """The folders of downloaded checkpoints, by hub id, without those of describers."""
    from indexer.describers import is_florence  # noqa: PLC0415 - few commands list checkpoints

    folders = models.glob("[!.]*--*") if models.is_dir() else ()
    by_name = {folder.name.replace("--", "/", 1): folder for folder in folders if folder.is_dir()}
    return {name: folder for name, folder in by_name.items() if not is_florence(name)}


def has_gpu(exists: Callable[[Path], bool] = Path.exists) -> bool:
    """Return whether this machine seems to have a GPU that torch can use. Does not load torch, which takes seconds."""
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    return exists(Path("/proc/driver/nvidia/version")) or exists(Path("/dev/kfd"))


def _remember(t: Transaction, reference: str, checkpoint: Checkpoint, space: Space, weights_hash: str) -> None:
    t.library.remember_weights(checkpoint.weights_stamp(), weights_hash)
    t.library.set_model(reference)
    t.library.set_space(space.id)


def _is_renewed(checkpoint: Checkpoint, space: Space, settings: Settings, patches: int | None) -> bool:
    """Return whether *space*, which has no photos yet, makes room for one of other patches or another precision."""
    wanted, own = settings.precision, space.identity.precision
    # int8 may have become int8-narrow.
    is_other = wanted is not None and wanted != own and not (wanted == INT8 and own.startswith(INT8))
    held = _decoding_as(checkpoint, space).patches
    return is_other or (held is not None and (patches or settings.patches or held) != held)


def _decoding_as(checkpoint: Checkpoint, space: Space) -> Checkpoint:
    """*checkpoint* with the decoding and the patches of *space*: later settings do not change a library."""
    return checkpoint.seeing_as(space.identity.preprocessing)


def precision_of_new(checkpoint: Checkpoint, settings: Settings) -> str:
    """The precision of a new space: the setting's, or the best for the device.

    int8 becomes `int8-narrow` where that is clearly faster, which is tried. Raises `DeviceUnavailable`.
    """
    if settings.precision not in {None, INT8, *IN_BITSANDBYTES} and checkpoint.quantisation is None:
        return str(settings.precision)
    from indexer.models.backends.devices import choose_device  # noqa: PLC0415 - this loads torch

    _, precision = choose_device(checkpoint, settings.device, settings.precision)
    if precision != INT8:
        return precision
    from indexer.models.backends.int8 import fastest_int8  # noqa: PLC0415 - as above

    return fastest_int8()


def _absolute(reference: str) -> str:
    # A relative folder must be found from other working directories too.
    is_folder = reference not in SHIPPED and Path(os.path.expanduser(reference)).is_dir()
    return str(Path(os.path.expanduser(reference)).resolve()) if is_folder else reference


def _default(models: Path) -> str:
    default = DEFAULT_WITH_GPU if has_gpu() else DEFAULT
    try:
        open_reference(default.reference, models)
    except ModelMissing:
        raise NoModelChosen(default.reference, readable_size(default.size)) from None
    return default.reference
