"""Messages of transformers and bitsandbytes, which are kept off standard error."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_NO_HANDLER: Final = logging.NullHandler()


def keep_transformers_off_stderr() -> None:
    """Send transformers' messages to the handlers of its logger, such as a daemon's log; errors are raised."""
    from transformers.utils import logging as transformers_logging  # noqa: PLC0415 - takes seconds

    transformers_logging.disable_default_handler()
    # Without any handler, `logging` itself would print warnings to stderr.
    transformers_logging.add_handler(_NO_HANDLER)
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    # The tokenizers' threads warn if a process forks after they ran.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


@contextmanager
def without_warnings() -> Iterator[None]:
    """Drop transformers' warnings: loading a sound SigLIP, it warns of marks and weights that are not used."""
    from transformers.utils import logging as transformers_logging  # noqa: PLC0415 - as above

    level = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        transformers_logging.set_verbosity(level)
