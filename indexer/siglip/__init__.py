"""The embedder: SigLIP checkpoints, and what they make of pictures and texts.

Importing this package loads neither torch nor transformers; `image_tower` and `text_tower` load torch.
"""

from .checkpoint import Checkpoint, open_checkpoint
from .errors import (
    CheckpointDamaged,
    CheckpointUnsupported,
    DeviceUnavailable,
    DownloadFailed,
    ModelError,
    ModelMissing,
    ModelUnknown,
    NoNetwork,
    NumbersOverflowed,
)
from .preprocessing import Preprocessing
from .sources import Hub, HuggingFaceHub, download, locate

__all__ = [
    "Checkpoint",
    "CheckpointDamaged",
    "CheckpointUnsupported",
    "DeviceUnavailable",
    "DownloadFailed",
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
