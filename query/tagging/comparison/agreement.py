"""Figures of a comparison: agreement of two taggers, and accuracy of one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Agreement:
    """The numbers of photos that both taggers tag, one alone, and the other alone, of `photos`.

    For all labels together, decisions are counted: one for each photo and label.
    """

    photos: int
    both: int
    only_one: int
    only_other: int

    @property
    def overlap(self) -> float | None:
        """Part of the photos tagged by either that both tag (Jaccard, 1912); None if neither tags any."""
        either = self.both + self.only_one + self.only_other
        return None if not either else self.both / either

    @property
    def kappa(self) -> float | None:
        """Agreement beyond chance, 1 at most (Cohen, 1960); None where chance alone would agree fully."""
        if not self.photos:
            return None
        one, other = (self.both + self.only_one) / self.photos, (self.both + self.only_other) / self.photos
        agreed = 1 - (self.only_one + self.only_other) / self.photos
        by_chance = one * other + (1 - one) * (1 - other)
        return None if by_chance == 1 else (agreed - by_chance) / (1 - by_chance)

    @classmethod
    def total(cls, parts: Iterable[Agreement]) -> Agreement:
        """The sum over labels."""
        rows = [(each.photos, each.both, each.only_one, each.only_other) for each in parts]
        return cls(*(sum(column) for column in zip((0, 0, 0, 0), *rows, strict=True)))


@dataclass(frozen=True, slots=True)
class Accuracy:
    """The numbers of a tagger's right and wrong tags, and of right ones that it missed."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float | None:
        """Part of its judged tags that are right; None without any."""
        judged = self.right + self.wrong
        return None if not judged else self.right / judged

    @property
    def recall(self) -> float | None:
        """Part of the right tags that it gives; None without any."""
        wanted = self.right + self.missed
        return None if not wanted else self.right / wanted

    @classmethod
    def total(cls, parts: Iterable[Accuracy]) -> Accuracy:
        """The sum over labels."""
        rows = [(each.right, each.wrong, each.missed) for each in parts]
        return cls(*(sum(column) for column in zip((0, 0, 0), *rows, strict=True)))
