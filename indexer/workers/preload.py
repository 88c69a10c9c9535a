"""What is loaded once for all decoders: the process that they are forked from imports it, and nothing else does.

A terminal sends Ctrl-C, and a service manager its request to end, to every process of the program. Decoders leave it to
the process that they work for to say when they stop, and so from their first moment on.
"""

import signal

# What each of them needs.
from . import process

__all__ = ["process"]

for _number in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
    signal.signal(_number, signal.SIG_IGN)
