"""Quality of searches on the sample library: ranking, and detection that nothing matches.

    python benchmarks/quality/retrieval.py

Uses drawn scenes that training never saw, the `demo` checkpoint, and the program's own catalog, index and chance limit.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

# `training` is in the checkout alone.
sys.path.insert(0, str(Path(__file__).parents[2]))

from indexer.models import open_checkpoint
from photos.known_models import SHIPPED
from training.retrieval import Retrieval, Verdict, area

KINDS = ("with an answer", "near misses", "strange words", "words never seen")


def shares(verdicts: list[Verdict]) -> str:
    """Return the share of each kind of question for which the program reports a match."""
    parts = []
    for kind in KINDS:
        of_kind = [each.is_match for each in verdicts if each.kind == kind]
        parts.append(f"{kind} {sum(of_kind) / max(1, len(of_kind)):.3f}")
    return "  ".join(parts)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=600)
    parser.add_argument("--captions", type=int, default=500)
    parser.add_argument("--strange", type=int, default=300)
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        retrieval = Retrieval(open_checkpoint(SHIPPED["demo"], "demo"), Path(folder), arguments.pictures)
        asked = retrieval.questions(arguments.captions, arguments.strange)
        print(f"{arguments.pictures} pictures")
        print("full captions, the picture itself:", *(f"{k} {v:.3f}" for k, v in retrieval.known_items(500).items()))
        print("captions of other scenes:", *(f"{name} {value:.3f}" for name, value in retrieval.ranking(asked).items()))
        verdicts = retrieval.verdicts(asked)
        print(f"said to have a match: {shares(verdicts)}")
        answered = [each for each in verdicts if each.has_answer]
        none = [each for each in verdicts if not each.has_answer]
        silent = [each for each in verdicts if not each.is_match]
        right = sum(not each.is_match for each in none)
        print(f"no match: {len(none)} questions without an answer, {len(answered)} with one")
        print(f"  precision {right / max(1, len(silent)):.3f}  recall {right / max(1, len(none)):.3f}")
        print("  area under the curve:", *(f"{kind} {area(verdicts, kind):.3f}" for kind in KINDS[1:]))
        retrieval.close()


if __name__ == "__main__":
    main()
