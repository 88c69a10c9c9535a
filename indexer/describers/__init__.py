"""Describers: other models that give pictures captions, words, and the text that they read.

Importing this package loads neither torch nor transformers.
"""

from .errors import (
    DescriberAway,
    DescriberBroken,
    DescriberError,
    EndpointInvalid,
    RemoteEndpoint,
    WrongCheckpoint,
)
from .protocols import Describer, Description, NotDescribed, Task

__all__ = [
    "Describer",
    "DescriberAway",
    "DescriberBroken",
    "DescriberError",
    "Description",
    "EndpointInvalid",
    "NotDescribed",
    "RemoteEndpoint",
    "Task",
    "WrongCheckpoint",
]
