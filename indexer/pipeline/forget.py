"""Forgets files that are gone, unless so many are that it looks like a mistake."""

from __future__ import annotations

from collections.abc import Sequence

from indexer.files.changes import Changes, pack
from store import Catalog, Folder

from .report import HeldBack, IndexReport

#: Fewer than so many photos, or than this part of a folder's, may go without a word.
_FEW, _FRACTION = 100, 0.1


def forget(
    catalog: Catalog, folder: Folder, passes: Sequence[Changes], report: IndexReport, confirm_removals: bool
) -> None:
    """Forget the files of *folder* that *passes* found gone or left out; *report* says how many, or that they stay."""
    missing = [file_id for changes in passes for file_id in changes.gone]
    left_out = [file_id for changes in passes for file_id in changes.left_out]
    if not missing and not left_out:
        return
    seen = {file_id: stamp for changes in passes for file_id, stamp in changes.stamps.items()}
    with catalog.write() as t:
        # Some may have come back, and been entered by another process, while this one was reading.
        now = t.files.stamps([*missing, *left_out])
        missing = [file_id for file_id in missing if file_id in now and pack(*now[file_id]) == seen[file_id]]
        left_out = [file_id for file_id in left_out if file_id in now and pack(*now[file_id]) == seen[file_id]]
        lost = set(t.files.lost(missing))
        t.files.forget([*left_out, *(file_id for file_id in missing if file_id not in lost)])
        held = t.files.held(folder.id)
        kept = 0
        if lost and t.files.count(folder.id) == len(lost):
            # As for the whole folder: a disk that went away leaves nothing behind.
            report.offline.append(folder)
            kept = len(lost)
        elif len(lost) > max(_FEW, _FRACTION * held) and not confirm_removals:
            report.held_back.append(HeldBack(folder, len(lost), held))
            kept = len(lost)
        else:
            t.files.forget(sorted(lost))
    report.gone += len(missing) - kept
    report.left_out += len(left_out)
