"""Names of files without their letter case, in any script."""

from __future__ import annotations

import os
import unicodedata


def folded(name: bytes) -> bytes:
    """Return *name* in lower case and composed letters: names that people take for equal are equal then.

    Some disks keep `é` as one letter, others as two, and copies from one to the other differ in nothing else.
    """
    if name.isascii():
        return name.lower()
    return os.fsencode(unicodedata.normalize("NFC", os.fsdecode(name).lower()))
