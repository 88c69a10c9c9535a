"""Tags of SigLIP's rule and of an oracle describer with wrong labels, with and without verification by SigLIP.

    python benchmarks/quality/describers.py

Uses drawn scenes that training never saw, with known content, and the `demo` checkpoint. Precision and recall are over
all labels, beside the truth; overlap (Jaccard) and kappa are beside the tags of SigLIP's rule. A verified label reaches
the floor, a probability of 0.0001; a confirmed one is a tag of SigLIP's rule as well.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

# `training` is in the checkout alone.
sys.path.insert(0, str(Path(__file__).parents[2]))

from indexer.models import open_checkpoint
from photos.known_models import SHIPPED
from training.describers import SHARES, Drawings, Table, accuracy, agreement, drawings, oracle, removed


def line(name: str, tags: Table, found: Drawings) -> str:
    """The figures of *tags* as a line."""
    judged, beside = accuracy(tags, found.truth), agreement(found.siglip, tags)
    figures = zip(
        ("precision", "recall", "overlap", "kappa"),
        (judged.precision, judged.recall, beside.overlap, beside.kappa),
        strict=True,
    )
    return f"{name:<24}" + "  ".join(f"{what} {0 if value is None else value:.3f}" for what, value in figures)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=600)
    arguments = parser.parse_args()
    found = drawings(open_checkpoint(SHIPPED["demo"], "demo"), arguments.pictures)
    print(f"{len(found.truth)} pictures, {len(found.kinds)} labels")
    print(line("SigLIP's rule", found.siglip, found))
    for share in SHARES:
        tags = oracle(found.truth, found.kinds, share)
        name = f"oracle, {share:.0%} wrong"
        print(line(name, tags, found))
        for what, kept in (("verified", found.verified(tags)), ("confirmed", found.confirmed(tags))):
            wrong, right = removed(tags, kept, found.truth)
            of_wrong = "" if wrong is None else f"{wrong:.3f} of the wrong labels, "
            print(f"{line(f'  {what}', kept, found)}  removes {of_wrong}{right:.3f} of the right ones")


if __name__ == "__main__":
    main()
