"""Comparison of two or more sources of tags, over the photos and the labels that all of them could give."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import combinations

from store import Catalog, Space, Transaction

from .agreement import Accuracy, Agreement
from .disputed_photos import DisputedPhoto, disputed_photos
from .source_tags import SourceTags, find_sources, source_tags
from .user_decisions import UserDecision, user_decisions


@dataclass(frozen=True, slots=True)
class ComparedLabel:
    """A label in all sources: of the `photos` that were asked, those that each source gives it, all do, and any does.

    `pairs` are in the order of `Comparison.pairs`. The user's own tags have no accuracy: they are its measure. For all
    labels together, decisions are counted: one for each photo and label.
    """

    label: str
    photos: int
    given: tuple[int, ...]
    by_all: int
    by_any: int
    pairs: tuple[Agreement, ...]
    #: Photos of which the user said that they show it, or that they do not, and the examples among them.
    shown: int
    absent: int
    taught: int
    accuracies: tuple[Accuracy | None, ...]

    @property
    def disputed(self) -> int:
        """The number of photos on which the sources differ."""
        return self.by_any - self.by_all

    @property
    def overlap(self) -> float | None:
        """Part of the photos tagged by any source that all tag; None if none tags any."""
        return self.by_all / self.by_any if self.by_any else None

    @property
    def kappa(self) -> float | None:
        """The mean kappa of all pairs that have one (Light, 1971); None without any."""
        kappas = [each.kappa for each in self.pairs if each.kappa is not None]
        return sum(kappas) / len(kappas) if kappas else None

    @classmethod
    def total(cls, parts: Sequence[ComparedLabel]) -> ComparedLabel:
        """The sum over labels, of which there is at least one."""
        pairs = tuple(Agreement.total(column) for column in zip(*(each.pairs for each in parts), strict=True))
        accuracies = (
            [each for each in column if each is not None]
            for column in zip(*(each.accuracies for each in parts), strict=True)
        )
        return cls(
            label="",
            photos=sum(each.photos for each in parts),
            given=tuple(sum(column) for column in zip(*(each.given for each in parts), strict=True)),
            by_all=sum(each.by_all for each in parts),
            by_any=sum(each.by_any for each in parts),
            pairs=pairs,
            shown=sum(each.shown for each in parts),
            absent=sum(each.absent for each in parts),
            taught=sum(each.taught for each in parts),
            accuracies=tuple(Accuracy.total(column) if column else None for column in accuracies),
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """The `sources` as they were named, the number of `photos` that all tag, and their labels.

    Labels come by falling number of photos on which the sources differ. `overall` is None without labels. `disputed`
    are the photos with the most differences, most first.
    """

    sources: tuple[str, ...]
    photos: int
    labels: tuple[ComparedLabel, ...]
    overall: ComparedLabel | None
    disputed: tuple[DisputedPhoto, ...] = field(default=(), repr=False)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The names of each two sources."""
        return list(combinations(self.sources, 2))


def compare_sources(
    catalog: Catalog,
    space: Space,
    names: Sequence[str],
    *,
    within: Collection[int] | None = None,
    disputed: int = 0,
) -> Comparison:
    """Compare two or more sources: "auto", "auto:SLOT", "user", or a program that tags were imported from.

    "auto", or "siglip", stands for the tags of all vocabularies in force, "auto:birds" for those of one slot, by plain
    names. Only photos that all tag count, *within* these ids if they are given, and only labels that all could give:
    the vocabularies' in the folders for which they are used, or those that a program gave any photo. At most *disputed*
    photos are listed. Raises `UnknownSource` or `RepeatedSource`.
    """
    with catalog.read() as t:
        sources = [source_tags(t, space, each) for each in find_sources(t, space, names)]
        photos = frozenset.intersection(*(frozenset(each.photos) for each in sources))
        if within is not None:
            photos &= frozenset(within)
        asked = {key: _asked(sources, key, photos) for key in _shared(sources)}
        slots = [each.source.slot for each in sources if each.source.slot]
        decisions = user_decisions(t, asked, slots)
        labels = [_label(sources, key, asked[key], decisions) for key in asked]
        labels.sort(key=lambda each: (-each.disputed, -each.by_any, each.label))
        listed = _listed(t, space, sources, asked, decisions, disputed)
    overall = ComparedLabel.total(labels) if labels else None
    return Comparison(tuple(each.source.name for each in sources), len(photos), tuple(labels), overall, listed)


def _shared(sources: Sequence[SourceTags]) -> list[str]:
    return sorted(frozenset.intersection(*(frozenset(each.labels) for each in sources)))


def _asked(sources: Sequence[SourceTags], key: str, photos: frozenset[int]) -> frozenset[int]:
    """The photos for which every source could give the label."""
    for scope in (each.scopes[key] for each in sources if key in each.scopes):
        photos &= scope
    return photos


def _label(
    sources: Sequence[SourceTags], key: str, asked: AbstractSet[int], decisions: Mapping[str, UserDecision]
) -> ComparedLabel:
    given = [frozenset(each.given(key)) & asked for each in sources]
    decided = decisions.get(key, UserDecision()).within(asked)
    return ComparedLabel(
        label=sources[0].labels[key],
        photos=len(asked),
        given=tuple(map(len, given)),
        by_all=len(frozenset.intersection(*given)),
        by_any=len(frozenset.union(*given)),
        pairs=tuple(
            Agreement(len(asked), len(one & other), len(one - other), len(other - one))
            for one, other in combinations(given, 2)
        ),
        shown=len(decided.shown),
        absent=len(decided.absent),
        taught=len(decided.taught),
        accuracies=tuple(
            None if each.source.is_user else _accuracy(photos, decided)
            for each, photos in zip(sources, given, strict=True)
        ),
    )


def _accuracy(given: AbstractSet[int], decided: UserDecision) -> Accuracy:
    return Accuracy(len(given & decided.shown), len(given & decided.absent), len(decided.shown - given))


def _listed(
    t: Transaction,
    space: Space,
    sources: Sequence[SourceTags],
    asked: Mapping[str, AbstractSet[int]],
    decisions: Mapping[str, UserDecision],
    count: int,
) -> tuple[DisputedPhoto, ...]:
    return disputed_photos(t, space, sources, asked, decisions, count) if count else ()
