"""The program's entry: runs a command, and turns whatever happens into one sentence and an exit status."""

from __future__ import annotations

import gc
import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from photos.cli import Invocation


def main(arguments: list[str] | None = None, invocation: Invocation | None = None) -> int:
    """Run the command line, and return the exit status. No traceback is shown unless `--debug` was given.

    *invocation* is what the program is built with, for tests.
    """
    if invocation is None:
        # To import makes many objects and no garbage, and to look for some takes 3 ms; see `Invocation.app`.
        gc.disable()
    try:
        status = _main(arguments, invocation)
    except KeyboardInterrupt as stop:
        # A second Ctrl-C ends the process at once, whatever it is doing.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        from photos.exits import INTERRUPTED, status_of  # noqa: PLC0415 - nothing may be loaded before the `try`

        status = status_of(stop)
        what = "Interrupted" if status == INTERRUPTED else "Stopped"
        _say(f"{what}; what was finished is kept: run the same command again to go on.")
    if invocation is None:
        # The process ends, and need not look through all that it holds for what can be freed: 10 ms.
        gc.freeze()
    return status


def _main(arguments: list[str] | None, given: Invocation | None) -> int:
    # By default numpy's threads wait for work by spinning, each on a core, and most commands have little for them.
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")
    # Imports take a moment, and Ctrl-C within it deserves the same sentence as any other.
    from click import ClickException  # noqa: PLC0415
    from click.exceptions import Abort  # noqa: PLC0415

    from photos.cli import Invocation  # noqa: PLC0415
    from photos.cli.kit.program import program  # noqa: PLC0415
    from photos.cli.kit.streams import ensure_streams  # noqa: PLC0415
    from photos.exits import CLOSED_PIPE, ClosedPipe, explain, stop_on_signals  # noqa: PLC0415

    ensure_streams()
    stop_on_signals()
    invocation = given or Invocation()
    try:
        status = program.main(arguments, prog_name="photos", standalone_mode=False, obj=invocation)
        sys.stdout.flush()
    except ClickException as error:
        error.show()
        return error.exit_code
    except Abort as abort:  # Click's name for a signal
        raise (abort.__cause__ if isinstance(abort.__cause__, KeyboardInterrupt) else KeyboardInterrupt()) from None
    except (ClosedPipe, BrokenPipeError):
        # The interpreter flushes once more when it ends, and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return CLOSED_PIPE
    except Exception as error:
        if invocation.debug:
            raise
        sentence, status = explain(error)
        _say(f"photos: {sentence}")
    return status if isinstance(status, int) else 0


def _say(sentence: str) -> None:
    try:
        sys.stderr.write(sentence + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        pass  # nobody is listening, and the exit status says it too


if __name__ == "__main__":
    sys.exit(main())
