"""Errors of describers as a whole. Trouble with one picture is `NotDescribed`, and no error.

DescriberError
├── EndpointInvalid         the address of the endpoint is no address that can be used
├── RemoteEndpoint          the endpoint is outside the user's own network, which was not allowed
├── WrongCheckpoint         no Florence-2 in the form that is used
├── DescriberAway           nobody answers, or no longer
└── DescriberBroken         it answers, and cannot describe as it is set up
"""

from __future__ import annotations

from typing import ClassVar

from indexer.errors import IndexerError


class DescriberError(IndexerError):
    """Base of the errors of describers."""


class EndpointInvalid(DescriberError):
    """The address of the endpoint cannot be used. The address is left out: it may hold a password."""

    status: ClassVar[int] = 2
    sentence = "The address of the describer's endpoint cannot be used: {reason}; give one such as {example}."
    reason: str
    example: str = "http://localhost:11434/v1"


class RemoteEndpoint(DescriberError):
    """The endpoint is outside the user's own network, and pictures go there only if that is allowed."""

    sentence = (
        "{host} has the address {address}, which is not on this machine or in a private network, so no picture was "
        "sent; allow it with --remote, or describe.remote = true, if pictures may leave."
    )
    host: str
    address: str


class WrongCheckpoint(DescriberError):
    """A checkpoint that is not Florence-2 in the form of transformers."""

    sentence = "{reference} cannot describe pictures: {reason}; take {instead}."
    reference: str
    reason: str
    instead: str


class DescriberAway(DescriberError):
    """Nobody answers, or no longer. What was described before is kept."""

    sentence = (
        "{name} does not answer ({reason}); what was described is kept, so run the same command again when it is back."
    )
    name: str
    reason: str


class DescriberBroken(DescriberError):
    """The describer answers, and can describe no picture as it is set up."""

    sentence = "{name} cannot describe: {reason}."
    name: str
    reason: str
