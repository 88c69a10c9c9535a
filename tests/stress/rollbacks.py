"""A stress trial of rollbacks that embed photos."""

from __future__ import annotations

import shutil
import signal
from collections import Counter
from pathlib import Path

from photos.config import load
from photos.library import OpenLibrary
from photos.operations.verify import differences
from store import Space, Transaction
from tests.photos.encoders import ColourEncoders, make_checkpoint

from .library import Library
from .models import digest

#: Photos before the switch, and after it.
_BEFORE, _AFTER = 40, 60


def rollbacks(folder: Path, times: int) -> str:
    """Kill the rollback to a model that lacks photos, before steps of `killed.py` that are spread over all of it.

    After a kill one model answers, which has all vectors that it had before, to the bit. The library verifies, except
    that the first model may lack photos. The next `index`, or the rollback if it had not come to the switch, ends in
    the same vectors and scores as a rollback that nothing kills.
    """
    late = _LateRollback(folder)
    steps = late.run(0)
    assert steps is not None
    whole = late.digest_when_whole()
    answered: Counter[str] = Counter()
    for number in range(times):
        late.restore()
        assert late.run(1 + number * steps // times) is None, "it was killed"
        answered[late.check()] += 1
        late.finish()
        assert late.digest_when_whole() == whole
    return f"{times} rollbacks of {steps} steps killed ({dict(answered)}): the same vectors and scores after each"


class _LateRollback:
    """A library whose second model answers and alone has the newest photos."""

    def __init__(self, folder: Path) -> None:
        self._library = Library(folder)
        self._library.make(_BEFORE)
        first, self._second = self._library.model, make_checkpoint(folder / "turned", seed=3)
        for command in (("add", self._library.pictures, "--model", first), ("model", "try", self._second)):
            assert self._library.run(*command) == 0
        assert self._library.run("model", "switch") == 0
        self._library.make(_AFTER)
        assert self._library.run("index") == 0
        self._sound, self._report = folder / "sound", folder / "steps"
        shutil.copytree(self._library.path, self._sound)
        with self._opened() as library, library.catalog.read() as t:
            self._known = {space.id: _vectors(t, space) for space in t.spaces.all()}
        assert sorted(map(len, self._known.values())) == [_BEFORE, _BEFORE + _AFTER]

    def restore(self) -> None:
        """Make the library as it was before the rollback."""
        shutil.rmtree(self._library.path)
        shutil.copytree(self._sound, self._library.path)

    def run(self, step: int) -> int | None:
        """Roll back, until before that step; 0 is none. Returns the steps, or None if it was killed."""
        module = ("tests.stress.killed", step, self._report)
        status = self._library.start("model", "rollback", program=module).wait(timeout=600)
        assert status in {0, -signal.SIGKILL}, self._library.log.read_text()
        return None if status else int(self._report.read_text())

    def check(self) -> str:
        """Check what a killed rollback leaves. Returns the model that answers."""
        with self._opened() as library:
            with library.catalog.read() as t:
                for space in t.spaces.all():
                    assert _vectors(t, space).items() >= self._known[space.id].items()
                space = t.spaces.get(t.library.space_id() or 0)
                lacking = t.photos.count() - t.embeddings.uncached.count(space.id)
            found = {each.one: each.count for each in differences(library)}
            assert found == ({"photo without an embedding": lacking} if lacking else {})
        return "second" if space.model == str(self._second) else "first, not whole" if lacking else "first"

    def finish(self) -> None:
        """End the rollback as a person would."""
        answers_second = self.check() == "second"
        assert self._library.run(*(("model", "rollback") if answers_second else ("index",))) == 0

    def digest_when_whole(self) -> str:
        """The digest of all vectors and scores of the first model, which answers and has all photos."""
        assert self._library.run("verify") == 0, self._library.log.read_text()
        with self._opened() as library, library.catalog.read() as t:
            assert t.library.space_id() == min(self._known)
            return digest(t, t.spaces.get(min(self._known)))

    def _opened(self) -> OpenLibrary:
        return OpenLibrary(load({"library": self._library.path}, {}), ColourEncoders())


def _vectors(t: Transaction, space: Space) -> dict[int, bytes]:
    pages = t.embeddings.uncached.scan(space.id)
    return {number: row.tobytes() for page in pages for number, row in zip(page.ids.tolist(), page.matrix, strict=True)}
