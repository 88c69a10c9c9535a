"""A stress trial of two models side by side."""

from __future__ import annotations

import hashlib
import random
import signal
import time
from collections import Counter
from pathlib import Path

from store import MAIN_SLOT, Catalog
from tests.photos.encoders import make_checkpoint

from .library import Library


def models(folder: Path, times: int) -> str:
    """Kill trials, switches, rollbacks and deletions of a second model at random moments.

    Each time all answers are those of one model, to the bit, and the library verifies.
    """
    library = Library(folder)
    library.make(90)
    library.run("add", library.pictures, "--model", library.model)
    other = make_checkpoint(folder / "turned", seed=3)
    commands = {
        "try": ("model", "try", other),
        "switch": ("model", "switch", other),
        "back": ("model", "switch", library.model),
        "rollback": ("model", "rollback"),
        "forget": ("model", "forget", other),
    }
    known = dict([_answers(library)])
    chance = random.Random(1)
    killed: Counter[str] = Counter()
    started = time.monotonic()
    library.run("model", "try", other, "--sample", 1)
    # Long enough that some calls end first.
    longest = 1.5 * (time.monotonic() - started)
    for _ in range(times):
        name = chance.choices(list(commands), weights=(6, 2, 2, 1, 1))[0]
        process = library.start(*commands[name])
        time.sleep(chance.uniform(0.2, 1) * longest)
        killed[name] += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        model, digest = _answers(library)
        assert known.setdefault(model, digest) == digest, f"other answers of {model} after {name}"
        assert library.run("verify") == 0, library.log.read_text()
    assert library.run(*commands["back"]) in {0, 1}
    for last in ("try", "switch"):
        assert library.run(*commands[last]) in {0, 1}, library.log.read_text()
    for _ in range(2):
        model, digest = _answers(library)
        assert known.setdefault(model, digest) == digest
        assert library.run("verify") == 0, library.log.read_text()
        library.run("model", "rollback")
    assert len(known) == 2, "both models answered"
    return f"{times} calls, {killed.total()} killed before their end ({dict(killed)}): answers of one model each time"


def _answers(library: Library) -> tuple[str, str]:
    """The weights of the model that answers, and a digest of all its vectors and scores."""
    with Catalog.open(library.path / "catalog.sqlite3") as catalog, catalog.read() as t:
        space = t.spaces.get(t.library.space_id() or 0)
        scoring = t.scores.current(space.id, MAIN_SLOT)
        assert scoring is not None
        assert t.scores.missing(scoring) == []
        assert t.slots.pending() == {}
        digest = hashlib.sha256()
        vectors = t.embeddings.uncached
        for page in vectors.scan(space.id):
            digest.update(page.ids.tobytes() + page.matrix.tobytes())
        for kept in t.scores.scan(scoring.id):
            digest.update(kept.photo_ids.tobytes() + kept.label_ids.tobytes() + kept.cosines.tobytes())
        assert vectors.count(space.id) == library.made
        return space.identity.weights_hash, digest.hexdigest()
