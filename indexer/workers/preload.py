"""Start-up of reader processes: the fork server imports this module, and reader processes are forked from it.

A module of its own, because importing it changes signal handling. A terminal sends Ctrl-C, and a service manager its
request to end, to every process of the program. Reader processes ignore both from their first moment: the main process
ends them.
"""

import signal

# Imported once for all reader processes.
from . import confined_process, process

__all__ = ["confined_process", "process"]

for _number in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
    signal.signal(_number, signal.SIG_IGN)
