"""Models: SigLIP checkpoints and their encoders of pictures and texts.

Importing this package loads neither torch nor transformers; `siglip.torch_encoders` and `backends` load torch.
"""

from indexer.models.checkpoints.checkpoint import Checkpoint, open_checkpoint
from indexer.models.checkpoints.preprocessing import FlexiblePreprocessing, Preprocessing
from indexer.models.checkpoints.sources import Hub, HuggingFaceHub, download, locate

from .errors import (
    BackendMissing,
    CheckpointChanged,
    CheckpointDamaged,
    CheckpointUnsupported,
    DeviceFailed,
    DeviceUnavailable,
    DownloadFailed,
    ModelError,
    ModelMissing,
    ModelUnknown,
    NoNetwork,
    NumbersOverflowed,
)

__all__ = [
    "BackendMissing",
    "Checkpoint",
    "CheckpointChanged",
    "CheckpointDamaged",
    "CheckpointUnsupported",
    "DeviceFailed",
    "DeviceUnavailable",
    "DownloadFailed",
    "FlexiblePreprocessing",
    "Hub",
    "HuggingFaceHub",
    "ModelError",
    "ModelMissing",
    "ModelUnknown",
    "NoNetwork",
    "NumbersOverflowed",
    "Preprocessing",
    "download",
    "locate",
    "open_checkpoint",
]
