"""Units of a re-tag: ranges of photos that several processes score side by side, on any machine."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from query.errors import Superseded
from store import Catalog, IdRange, Scoring, Transaction

from .parts import Parts, scorer_for
from .scorer import Columns, Scorer, columns_of

#: Units of a re-tag, about, so that workers end at about the same time.
_UNITS: Final = 64
#: Photos in a unit at most, about: some seconds of work with thousands of labels.
_MOST: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class ScoringUnit:
    """The photos with ids from `first` to `last`: `photos` of them had no scores when the scoring was begun.

    In the whole scoring, `total` had none.
    """

    scoring_id: int
    space_id: int
    slot: str
    revision_id: int
    first: int
    last: int
    photos: int
    total: int


def units_of(t: Transaction, scoring: Scoring) -> list[ScoringUnit]:
    """Divide the photos that have no scores in *scoring* into units, none of them empty, by ascending id."""
    ranges = t.scores.missing_ranges(scoring)
    total = sum(each.photos for each in ranges)
    least = min(_MOST, -(-total // _UNITS))
    whose = scoring.id, scoring.space_id, scoring.slot, scoring.revision_id
    units: list[ScoringUnit] = []
    some: list[IdRange] = []
    for each in ranges:
        some.append(each)
        photos = sum(one.photos for one in some)
        if photos >= least or each is ranges[-1]:
            units.append(ScoringUnit(*whose, some[0].first, each.last, photos, total))
            some.clear()
    return units


class UnitScorer:
    """Scores units of begun scorings. The labels of the last scoring are kept, as most units are of the same."""

    def __init__(
        self, catalog: Catalog, make_scorer: Callable[[Columns, int], Scorer] = scorer_for, rows: int = 4096
    ) -> None:
        self._catalog = catalog
        self._make_scorer = make_scorer
        self._rows = rows
        self._held: tuple[Scoring, Scorer] | None = None

    def score(self, unit: ScoringUnit, is_over: Callable[[], bool] = lambda: False) -> int:
        """Score the photos of *unit* that have no scores, and return how many there were.

        Ends early if *is_over* says so between two parts; what is stored stays. Does nothing if the scoring is done.
        Raises `Superseded` if photos are to be tagged with another revision, or the scoring was given up.
        """
        held = self._scorer(unit)
        if held is None:
            return 0
        scoring, scorer = held
        parts = Parts(self._catalog, scoring, scorer, self._rows, lambda t: _is_wanted(t, unit))
        done = 0
        with closing(parts.store(unit.first, unit.last)) as stored:
            for count in stored:
                done += count
                if is_over():
                    break
        return done

    def _scorer(self, unit: ScoringUnit) -> tuple[Scoring, Scorer] | None:
        """The scoring and its scorer; None if it is done, or the vector of a label is not cached."""
        with self._catalog.read() as t:
            if not _is_wanted(t, unit):
                return None
            if self._held is not None and self._held[0].id == unit.scoring_id:
                return self._held
            scoring = t.scores.begun(unit.space_id, unit.slot)
            assert scoring is not None
            columns = columns_of(t, t.spaces.get(unit.space_id), scoring)
        # The re-tag that ends the scoring encodes labels whose vectors are missing.
        self._held = None if columns is None else (scoring, self._make_scorer(columns, unit.total))
        return self._held


def _is_wanted(t: Transaction, unit: ScoringUnit) -> bool:
    """Return whether the scoring of *unit* is to be made; False if it is done. Raises `Superseded`."""
    is_complete = t.scores.is_complete(unit.scoring_id)
    if is_complete:
        return False
    if is_complete is None or t.slots.target_revision_id(unit.slot) != unit.revision_id:
        raise Superseded(t.vocabularies.without_labels(unit.revision_id).vocabulary)
    return True
