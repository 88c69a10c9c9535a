"""Cost of a description by Florence-2, in passes of a SigLIP image encoder, so that it can be stated before the work.

Measured with Florence-2 base against siglip2-base-patch16-256, both in float32 and on one thread. In
bfloat16 the ratio is a little smaller (docs/performance.md).
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Final

from .protocols import Task

#: Parameters of Florence-2 base, which the figures are of.
BASE_PARAMETERS: Final = 231_400_000
#: Passes for the image encoder, once a picture; for reading a question and the picture's 577 tokens, once a task; and
#: for each token of an answer.
_IMAGE: Final = 10.6
_QUESTION: Final = 4.25
_TOKEN: Final = 0.0475
#: Tokens of a usual answer.
_TOKENS: Final = {
    Task.CAPTION: 20,
    Task.DETAILED_CAPTION: 60,
    Task.OBJECTS: 60,
    Task.REGIONS: 100,
    Task.TEXT: 60,
}


def asked(tasks: AbstractSet[Task]) -> tuple[Task, ...]:
    """The tasks that are run to answer *tasks*: a detailed caption stands for a short one, too."""
    is_detailed = Task.DETAILED_CAPTION in tasks
    return tuple(task for task in Task if task in tasks and not (is_detailed and task is Task.CAPTION))


def passes_per_picture(tasks: AbstractSet[Task], parameters: int = BASE_PARAMETERS) -> float:
    """Passes of a base image encoder at 256 pixels that a picture costs: 16 for a caption, 23 with objects.

    Times the seconds that such a pass takes in the same precision on the same device, this is an estimate. A larger
    model, of that many *parameters*, costs more in proportion.
    """
    work = _IMAGE + sum(_QUESTION + _TOKENS[task] * _TOKEN for task in asked(tasks))
    return work * parameters / BASE_PARAMETERS
