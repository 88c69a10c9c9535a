"""Errors of checkpoints and of the machine they run on.

ModelError
├── ModelUnknown            no folder, no shipped name, no repository of that name
├── ModelMissing            a repository that was not downloaded
├── NoNetwork               the hub could not be reached for a download
├── DownloadFailed          the hub refused, or the disk did
├── CheckpointUnsupported   whole, but of a kind that cannot be used
├── CheckpointDamaged       a file is missing, or is not what it should be
├── CheckpointChanged       its weights were replaced while it was in use
├── DeviceUnavailable       a device or a precision that this machine does not have
├── DeviceFailed            a device that is there and does not work
├── BackendMissing          a precision of bitsandbytes, which is not installed
└── NumbersOverflowed       the precision is too small for this checkpoint
"""

from __future__ import annotations

from pathlib import Path

from indexer.errors import IndexerError


class ModelError(IndexerError):
    """Something is wrong with a checkpoint, or there is none."""


class ModelUnknown(ModelError):
    """There is no checkpoint of that name."""

    sentence = (
        "There is no model {reference!r}: give the id of a SigLIP repository, such as "
        "google/siglip2-base-patch16-256, or a folder that holds one."
    )
    reference: str


class ModelMissing(ModelError):
    """The checkpoint is known by its id only; its files are not here."""

    sentence = "The model {reference} is not on this machine; get it with: photos model download {reference}"
    reference: str


class NoNetwork(ModelError):
    """The hub could not be reached."""

    sentence = (
        "{reference} could not be downloaded because the network could not be reached; "
        "try again later (what was downloaded is kept), or copy the model's folder here and name that folder."
    )
    reference: str
    detail: str


class DownloadFailed(ModelError):
    """The download failed for another reason than the network."""

    sentence = "{reference} could not be downloaded: {detail}"
    reference: str
    detail: str


class CheckpointUnsupported(ModelError):
    """A checkpoint that is whole and that this program cannot use."""

    sentence = "The model in {folder} cannot be used: {reason}."
    folder: Path
    reason: str


class CheckpointDamaged(ModelError):
    """A file of the checkpoint is missing or wrong."""

    sentence = "The model in {folder} is damaged: {reason}; download or copy it again."
    folder: Path
    reason: str


class CheckpointChanged(ModelError):
    """The weights' files changed after the encoder was loaded, so its vectors may be of both."""

    sentence = (
        "The weights of the model in {folder} changed while it was in use; what was finished before is kept. "
        "Put the old weights back, then run the same command again."
    )
    folder: Path


class DeviceUnavailable(ModelError):
    """The device or precision does not exist on this machine."""

    wanted: str
    available: tuple[str, ...]

    def __str__(self) -> str:
        """One sentence with the choices."""
        return f"{self.wanted!r} is not available here; choose one of {', '.join(self.available)}."


class DeviceFailed(ModelError):
    """A device that was asked for is there and cannot compute."""

    sentence = "{label} ({device}) cannot be used in {precision}: {reason}; choose --device cpu or auto."
    device: str
    label: str
    precision: str
    reason: str


class BackendMissing(ModelError):
    """A precision needs a library that is not installed."""

    sentence = "{precision} needs {library}, which is not installed; get it with: pip install 'photos[bnb]'"
    precision: str
    library: str


class NumbersOverflowed(ModelError):
    """The model's numbers do not fit into the precision."""

    sentence = (
        "The model's numbers overflow in {precision}, or its weights are damaged; "
        "choose float32 with --precision float32."
    )
    precision: str


def not_finite(folder: Path, precision: str) -> ModelError:
    """The error for vectors that are no numbers: too large for a small *precision*, or made by damaged weights."""
    if precision in {"float16", "bfloat16", "bnb-int8"}:
        return NumbersOverflowed(precision)
    return CheckpointDamaged(folder, "its weights hold values that are no numbers, and so do its vectors")
