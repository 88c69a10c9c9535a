"""Merge of tags, stars and a caption into a sidecar, as one call: large files are parsed in a process with limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from indexer.decode import DecodeError, KeywordLists, read_keywords, read_sidecar
from indexer.workers.bounded_calls import BoundedCalls, CallFailed
from photos.errors import SidecarLeft
from store.open_file import open_file

from .captions import GivenCaption
from .merge import Merged, has_foreign_keywords, merge, open_packet
from .packet import Packet

#: Bytes of a sidecar that is parsed at once in this process, in some milliseconds.
_SMALL: Final = 64 << 10


@dataclass(frozen=True, slots=True)
class MergeRequest:
    """Labels, with their parents and words as for `merge`, for the sidecar with that content, or for a new one.

    `picture` is the absolute path of the picture if it may have keywords of its own. `stars` are those that a person
    gave it, if any. Without a `caption` that of the sidecar stays.
    """

    content: bytes | None
    labels: Mapping[str, Sequence[str]]
    words: Mapping[str, str]
    picture: bytes | None
    stars: int | None = None
    caption: GivenCaption | None = None


def merge_confined(request: MergeRequest, calls: BoundedCalls) -> Merged | None:
    """Merge labels, stars and a caption into a sidecar; None if it needs no change. Raises `SidecarLeft`."""
    if request.content is None or len(request.content) <= _SMALL:
        packet = open_packet(request.content)
        if not _needs_picture(request, packet):
            return _merged(request, packet)
    result = calls.call(_merged_or_left, request)
    if isinstance(result, CallFailed):
        raise SidecarLeft(result.reason)
    if isinstance(result, str):
        raise SidecarLeft(result)
    return result


def extension_in(content: bytes, calls: BoundedCalls) -> bytes | None:
    """Ending of the picture that the sidecar says it belongs to, in lower case; None if it says none."""
    found = read_sidecar(content) if len(content) <= _SMALL else calls.call(read_sidecar, content)
    return None if isinstance(found, CallFailed) else found[1]


def _merged_or_left(request: MergeRequest) -> Merged | str | None:
    """The merged sidecar, or the reason why it is left: the error is not pickled."""
    try:
        return _merged(request, open_packet(request.content))
    except SidecarLeft as left:
        return left.reason


def _needs_picture(request: MergeRequest, packet: Packet) -> bool:
    return request.picture is not None and not has_foreign_keywords(packet)


def _merged(request: MergeRequest, packet: Packet) -> Merged | None:
    own: KeywordLists = {}
    if request.picture is not None and _needs_picture(request, packet):
        try:
            with open_file(request.picture) as opened:
                own = read_keywords(opened)
        except DecodeError:
            # Other programs find nothing in it either.
            own = {}
        except OSError as error:
            raise SidecarLeft(f"its picture cannot be read ({error.strerror or error})") from None
    return merge(packet, request.labels, own, request.words, request.stars, request.caption)
