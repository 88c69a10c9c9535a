"""A stress trial of two models side by side."""

from __future__ import annotations

import hashlib
import random
import signal
import time
from collections import Counter
from pathlib import Path

from photos.config import load
from photos.library import OpenLibrary
from photos.operations.models.spaces import list_spaces
from photos.operations.verify import differences
from store import MAIN_SLOT, Space, Transaction
from tests.photos.encoders import ColourEncoders, make_checkpoint

from .library import Library


def models(folder: Path, times: int, *, by_clock: bool = True) -> str:
    """Kill a trial of a second model, the switch to it, the rollback and its deletion, by turns.

    A kill comes before a random step of `killed.py`, and with *by_clock* every second one at a random moment instead.
    After it, all vectors and scores of the model that answers are as they always were, to the bit, and the library
    verifies; until the switch that is the old model. The same command again then ends what was begun, which is checked
    in the same way for both models.
    """
    two = _TwoModels(folder)
    for name in two.commands:
        two.measure(name)
    chance = random.Random(1)
    killed: Counter[str] = Counter()
    # The next turn begins with the next command, so that each is killed in both ways.
    names = [list(two.commands)[number % len(two.commands)] for number in range(times)]
    for number, name in enumerate(names):
        is_timed = by_clock and (number + number // len(two.commands)) % 2 == 1
        answering = two.answering()
        killed[name] += two.kill_at_a_moment(name, chance) if is_timed else two.kill_at_a_step(name, chance)
        two.check(f"after {name} was killed")
        assert two.answering() in {answering, two.outcome[name]}
        two.finish(name)
        assert two.answering() == two.outcome[name]
        two.check(f"after {name}")
    return f"{times} calls, {killed.total()} killed before their end ({dict(killed)}): answers of one model each time"


class _TwoModels:
    """A library with one model, and the commands for a second one. After all of them it is as it was before."""

    def __init__(self, folder: Path) -> None:
        self.library = Library(folder)
        self.library.make(90)
        assert self.library.run("add", self.library.pictures, "--model", self.library.model) == 0
        self._other = str(make_checkpoint(folder / "turned", seed=3))
        self.commands = {
            "try": ("model", "try", self._other),
            "switch": ("model", "switch"),
            "rollback": ("model", "rollback"),
            "forget": ("model", "forget", self._other),
        }
        first, second = str(self.library.model), self._other
        #: The model that answers after each command.
        self.outcome = {"try": first, "switch": second, "rollback": first, "forget": first}
        self._steps: dict[str, int] = {}
        self._seconds: dict[str, float] = {}
        self._report = folder / "steps"
        self._known: dict[str, str] = {}
        self.check("at the beginning")

    def measure(self, name: str) -> None:
        """Run a command to its end, and note its steps and seconds."""
        started = time.monotonic()
        assert self._start(name, 0) == 0, self.library.log.read_text()
        self._seconds[name], self._steps[name] = time.monotonic() - started, int(self._report.read_text())
        assert self.answering() == self.outcome[name]
        self.check(f"after the first {name}")

    def kill_at_a_step(self, name: str, chance: random.Random) -> bool:
        """Kill a command before one of its steps. Returns whether it was killed before its end."""
        status = self._start(name, chance.randint(1, self._steps[name]))
        assert status in {0, -signal.SIGKILL}, self.library.log.read_text()
        return status != 0

    def kill_at_a_moment(self, name: str, chance: random.Random) -> bool:
        """Kill a command at a moment beyond its start. Returns whether it was killed before its end."""
        process = self.library.start(*self.commands[name])
        time.sleep(chance.uniform(0.4, 1) * self._seconds[name])
        is_running = process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        return is_running

    def finish(self, name: str) -> None:
        """Run a command again; it may have nothing left to do."""
        if name == "switch" and self.answering() == self._other:
            return
        status = self.library.run(*self.commands[name])
        assert status in {"try": {0}, "forget": {0, 2}}.get(name, {0, 1}), self.library.log.read_text()

    def answering(self) -> str | None:
        """The model that answers."""
        with self._opened() as library:
            return library.model_reference

    def check(self, when: str) -> None:
        """Check what answers, the other model if it is whole, and that no file is left of one that was forgotten."""
        with self._opened() as library:
            assert differences(library) == (), when
            with library.catalog.read() as t:
                spaces, answering = t.spaces.all(), t.library.space_id()
                whole = [each for each in spaces if each.id == answering or self._is_whole(t, each)]
                for space in whole:
                    assert space.reference is not None
                    made = digest(t, space)
                    assert self._known.setdefault(space.reference, made) == made, f"{space.reference} {when}"
            for space in whole:
                assert differences(library.in_space(space.model)) == (), f"{space.model} {when}"
            ready = {each.space.id for each in list_spaces(library) if not each.missing}
            assert ready <= {space.id for space in whole}, f"a part of a model is ready {when}"
            files = {int(path.name.split("-")[1].split(".")[0]) for path in library.settings.index_folder.iterdir()}
            assert files <= {space.id for space in spaces}, f"files of the index are left {when}"

    def _is_whole(self, t: Transaction, space: Space) -> bool:
        is_scored = t.scores.current(space.id, MAIN_SLOT) is not None and not t.slots.of(space.id).pending()
        return is_scored and t.embeddings.uncached.count(space.id) == self.library.made

    def _start(self, name: str, step: int) -> int:
        module = ("tests.stress.killed", step, self._report)
        return self.library.start(*self.commands[name], program=module).wait(timeout=600)

    def _opened(self) -> OpenLibrary:
        return OpenLibrary(load({"library": self.library.path}, {}), ColourEncoders())


def digest(t: Transaction, space: Space) -> str:
    """A digest of all vectors and scores of the space, which has every photo and every tag."""
    scoring = t.scores.current(space.id, MAIN_SLOT)
    assert scoring is not None
    assert t.scores.missing(scoring) == []
    made = hashlib.sha256()
    for page in t.embeddings.uncached.scan(space.id):
        made.update(page.ids.tobytes() + page.matrix.tobytes())
    for kept in t.scores.scan(scoring.id):
        made.update(kept.photo_ids.tobytes() + kept.label_ids.tobytes() + kept.cosines.tobytes())
    return made.hexdigest()
