"""Names of a library's spaces: the checkpoint, and what tells it from others of the same checkpoint."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from photos.model_errors import UnknownSpace
from store.records import Space

#: Between the parts of a name.
_MARK = "@"


def space_names(spaces: Sequence[Space]) -> dict[int, str]:
    """The shortest name of each of *spaces* that no other one has, by id.

    It is the checkpoint as the user named it, and as much as is needed of the precision, the preprocessing and the
    beginning of the weights' hash: `demo`, `demo@int8`, `demo@float32@squash-64-bilinear-1`.
    """
    levels = [Counter(name(each) for each in spaces) for name in _NAMES]
    return {
        each.id: next(
            (name(each) for name, counts in zip(_NAMES, levels, strict=True) if counts[name(each)] == 1),
            _NAMES[-1](each),
        )
        for each in spaces
    }


def find_space(spaces: Sequence[Space], name: str) -> Space:
    """The one of *spaces* that *name* stands for: its name, or a longer one. Raises `UnknownSpace`."""
    names = space_names(spaces)
    for each in spaces:
        if names[each.id] == name:
            return each
    for longer in _NAMES:
        found = [each for each in spaces if longer(each) == name]
        if len(found) == 1:
            return found[0]
    raise UnknownSpace(name, tuple(names.values()))


def _model(space: Space) -> str:
    return space.model


def _with_precision(space: Space) -> str:
    return _MARK.join((space.model, space.identity.precision))


def _with_preprocessing(space: Space) -> str:
    return _MARK.join((_with_precision(space), space.identity.preprocessing))


def _with_weights(space: Space) -> str:
    return _MARK.join((_with_preprocessing(space), space.identity.weights_hash[:12]))


_NAMES: tuple[Callable[[Space], str], ...] = (_model, _with_precision, _with_preprocessing, _with_weights)
