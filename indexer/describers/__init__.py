"""Describers: other models that give pictures captions, words, and the text that they read.

Importing this package loads neither torch nor transformers.
"""

from .endpoint_settings import EndpointSettings
from .errors import (
    DescriberAway,
    DescriberBroken,
    DescriberError,
    EndpointInvalid,
    RemoteEndpoint,
    WrongCheckpoint,
)
from .florence_checkpoint import PUBLISHED as PUBLISHED_FLORENCE
from .florence_checkpoint import find_florence, is_florence, open_florence_checkpoint
from .florence_cost import passes_per_picture
from .opening import open_endpoint, open_florence
from .protocols import Describer, Description, NotDescribed, Task

__all__ = [
    "PUBLISHED_FLORENCE",
    "Describer",
    "DescriberAway",
    "DescriberBroken",
    "DescriberError",
    "Description",
    "EndpointInvalid",
    "EndpointSettings",
    "NotDescribed",
    "RemoteEndpoint",
    "Task",
    "WrongCheckpoint",
    "find_florence",
    "is_florence",
    "open_endpoint",
    "open_florence",
    "open_florence_checkpoint",
    "passes_per_picture",
]
