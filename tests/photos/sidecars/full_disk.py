"""Runs the program on a disk without room for new files: `LIBRARY ARGUMENTS…`. Every temporary file is refused."""

from __future__ import annotations

import errno
import os
import sys

from photos.__main__ import main

LIBRARY, *ARGUMENTS = sys.argv[1:]


def refuse(event, arguments):
    if event == "open" and isinstance(arguments[0], bytes) and b".photos-" in arguments[0]:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


sys.addaudithook(refuse)
sys.exit(main(["--library", LIBRARY, *ARGUMENTS]))
