"""Long stress trials, run by hand.

`python -m tests.stress kills 200`, `retags 50`, `models 100`, `rollbacks 20`, `moves 100`, `stopped 30000`,
`renamed 10000`, `starts 100`, `packets 100000`, `hostile 15`, `damage 100`, `limits 100`, `calls 50`,
`overlaps 50`, `inputs 200`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from . import faults, models, moves, packets, rollbacks, trials

TRIALS = {
    "kills": trials.kills,
    "retags": trials.retags,
    "models": models.models,
    "rollbacks": rollbacks.rollbacks,
    "moves": moves.moves,
    "stopped": trials.stopped,
    "renamed": trials.renamed,
    "starts": trials.starts,
    "packets": packets.packets,
    "hostile": packets.hostile,
    "damage": faults.damage,
    "limits": faults.limits,
    "calls": faults.calls,
    "overlaps": faults.overlaps,
    "inputs": faults.inputs,
}

parser = argparse.ArgumentParser(prog="python -m tests.stress", description=__doc__)
parser.add_argument("trial", choices=TRIALS)
parser.add_argument("count", type=int)
arguments = parser.parse_args()
with tempfile.TemporaryDirectory() as folder:
    outcome = TRIALS[arguments.trial](Path(folder) / "trial", arguments.count)
sys.stdout.write(f"{outcome}\n")
