"""What can go wrong with a checkpoint.

ModelError
├── ModelUnknown            no folder, no shipped name, no repository of that name
├── ModelMissing            a repository that was not downloaded
├── NoNetwork               it was to be downloaded, and the hub could not be reached
├── DownloadFailed          the hub refused, or the disk did
├── CheckpointUnsupported   whole, but of a kind that cannot be used
├── CheckpointDamaged       a file is missing, or is not what it should be
├── DeviceUnavailable       a device or a precision that this machine does not have
└── NumbersOverflowed       the precision is too small for this checkpoint
"""

from __future__ import annotations

from pathlib import Path

from indexer.errors import IndexerError


class ModelError(IndexerError):
    """Something is wrong with a checkpoint, or there is none."""


class ModelUnknown(ModelError):
    """There is no checkpoint of that name."""

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.reference = reference

    def __str__(self) -> str:
        """One sentence."""
        return (
            f"There is no model {self.reference!r}: give the id of a SigLIP repository, such as "
            "google/siglip2-base-patch16-256, or a folder that holds one."
        )


class ModelMissing(ModelError):
    """The checkpoint is known by its id only; its files are not here."""

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.reference = reference

    def __str__(self) -> str:
        """One sentence."""
        return f"The model {self.reference} is not on this machine; get it with: photos model download {self.reference}"


class NoNetwork(ModelError):
    """The hub could not be reached."""

    def __init__(self, reference: str, detail: str) -> None:
        super().__init__(reference, detail)
        self.reference = reference
        self.detail = detail

    def __str__(self) -> str:
        """One sentence."""
        return (
            f"{self.reference} could not be downloaded because the network could not be reached; "
            "try again later (what was downloaded is kept), or copy the model's folder here and name that folder."
        )


class DownloadFailed(ModelError):
    """The download ended with something else than the network."""

    def __init__(self, reference: str, detail: str) -> None:
        super().__init__(reference, detail)
        self.reference = reference
        self.detail = detail

    def __str__(self) -> str:
        """One sentence."""
        return f"{self.reference} could not be downloaded: {self.detail}"


class CheckpointUnsupported(ModelError):
    """A checkpoint that is whole and that this program cannot use."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(folder, reason)
        self.folder = folder
        self.reason = reason

    def __str__(self) -> str:
        """One sentence."""
        return f"The model in {self.folder} cannot be used: {self.reason}."


class CheckpointDamaged(ModelError):
    """A file of the checkpoint is missing or wrong."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(folder, reason)
        self.folder = folder
        self.reason = reason

    def __str__(self) -> str:
        """One sentence."""
        return f"The model in {self.folder} is damaged: {self.reason}; download or copy it again."


class DeviceUnavailable(ModelError):
    """A device or precision was asked for that is not to be had."""

    def __init__(self, wanted: str, available: tuple[str, ...]) -> None:
        super().__init__(wanted, available)
        self.wanted = wanted
        self.available = available

    def __str__(self) -> str:
        """One sentence."""
        return f"{self.wanted!r} is not available here; choose one of {', '.join(self.available)}."


class NumbersOverflowed(ModelError):
    """The model's numbers do not fit into the precision."""

    def __init__(self, precision: str) -> None:
        super().__init__(precision)
        self.precision = precision

    def __str__(self) -> str:
        """One sentence."""
        return f"The model's numbers overflow in {self.precision}; choose float32 with --precision float32."
