"""Entry point: runs a command, and turns every error into one sentence and an exit status."""

from __future__ import annotations

import gc
import os
import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from photos.cli import Invocation


def main(arguments: list[str] | None = None, invocation: Invocation | None = None) -> int:
    """Run the command line, and return the exit status. Tracebacks are shown only with `--debug`.

    Tests substitute parts of the program through *invocation*.
    """
    if invocation is None:
        # Imports make many objects and no garbage; collecting it takes 3 ms. See `Invocation.open_library`.
        gc.disable()
    try:
        status = _main(arguments, invocation)
    except KeyboardInterrupt as stop:
        # A second Ctrl-C ends the process at once.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        from photos.exits import INTERRUPTED, status_of  # noqa: PLC0415 - nothing may be loaded before the `try`

        status = status_of(stop)
        what = "Interrupted" if status == INTERRUPTED else "Stopped"
        _write_error(f"{what}; finished work is kept: run the same command again to go on.")
    if invocation is None:
        # At the exit the collector would scan every object: 10 ms.
        gc.freeze()
    return status


def _main(arguments: list[str] | None, given: Invocation | None) -> int:
    # By default numpy's threads wait for work by spinning, each on a core, and most commands have little work for them.
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")
    # Those of torch and FAISS do so, too. Beside readers of `photos add`, or other programs, that multiplies the time.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # Imported here so that Ctrl-C during an import ends with a sentence too.
    from click import ClickException  # noqa: PLC0415
    from click.exceptions import Abort  # noqa: PLC0415

    from photos.cli import Invocation  # noqa: PLC0415
    from photos.cli.kit.program import ensure_streams, program  # noqa: PLC0415
    from photos.cli.kit.terminal import paint, prose  # noqa: PLC0415
    from photos.exits import CLOSED_PIPE, ClosedPipe, sentence_and_status  # noqa: PLC0415

    ensure_streams()
    _stop_on_signals()
    if os.environ.get("_PHOTOS_COMPLETE"):
        from photos.cli.kit.shells import register_completions  # noqa: PLC0415 - as above

        register_completions()
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
        # The interpreter flushes again at its end, and would report the closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return CLOSED_PIPE
    except Exception as error:
        if invocation.debug:
            raise
        sentence, status = sentence_and_status(error)
        head, *rest = prose(f"photos: {sentence}", sys.stderr).split(" ", 1)
        _write_error(" ".join([paint(head, "bad", sys.stderr), *rest]))
    return status if isinstance(status, int) else 0


def _stop_on_signals() -> None:
    """Let SIGTERM and SIGHUP unwind like Ctrl-C. A signal that is ignored, as by nohup, stays ignored."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _stop)


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    from photos.exits import Stopped  # noqa: PLC0415 - as above

    raise Stopped(number)


def _write_error(sentence: str) -> None:
    try:
        sys.stderr.write(sentence + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        pass  # standard error is closed; the exit status remains


if __name__ == "__main__":
    sys.exit(main())
