"""Quality of searches with captions of which 0, 30 and 60 % are wrong, on the sample library.

    python benchmarks/quality/captions.py [--pictures 400] [--questions 300] [--draws 4]

Mean average precision of pictures alone, of the program's `--with-captions`, and of other ways to use captions. Exits
with status 1 if captions of which 60 % are wrong cost more than .02. The `demo` checkpoint was trained on such
drawings, so pictures alone are better here than they are on photos, and captions gain less.
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
from training.caption_retrieval import FUSED, IMAGES, MOST_LOST, CaptionRetrieval

WRONG = (0.0, 0.3, 0.6)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=400)
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--draws", type=int, default=4, help="sets of captions that the figures are the means of")
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        checkpoint = open_checkpoint(SHIPPED["demo"], "demo")
        retrieval = CaptionRetrieval(checkpoint, Path(folder), arguments.pictures, arguments.questions)
        found = {wrong: retrieval.precisions(wrong, arguments.draws) for wrong in WRONG}
        print(f"{arguments.pictures} drawings, {len(retrieval.asked)} questions with an answer")
        retrieval.close()
    print(f"{'mean average precision':<44}" + "".join(f"{wrong:>8.0%} wrong" for wrong in WRONG))
    for name in found[WRONG[0]]:
        print(f"{name:<44}" + "".join(f"{found[wrong][name]:>14.3f}" for wrong in WRONG))
    worst = found[WRONG[-1]]
    if worst[FUSED] < worst[IMAGES] - MOST_LOST:
        sys.exit(f"Wrong captions cost {worst[IMAGES] - worst[FUSED]:.3f}, more than {MOST_LOST}.")


if __name__ == "__main__":
    main()
