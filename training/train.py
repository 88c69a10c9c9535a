"""Train the demo checkpoint: `python -m training.train DATA --out CHECKPOINT --minutes 120`.

Sigmoid loss over exact labels, several true texts a picture. In the first part, auxiliary heads predict the facts from
both embeddings, and texts skip most of their padding; the last part uses texts as the program does. `--resume`
continues a run that was stopped in any way.
"""

from __future__ import annotations

import argparse
import copy
import math
import os
import time
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional
from transformers import SiglipModel

from photos.demo.captions import all_facts

from .batches import Batch, Batches
from .model import WIDTH, new_model, save_model
from .quick import Quick
from .tokenizer import learn_tokenizer, save_tokenizer

_BATCH = 64
_RATE = 1.5e-3
_WARM = 0.03
_FULL_LENGTH_FROM = 0.85
_AUXILIARY_UNTIL = 0.7
_EMA = 0.9985
# A second leg is short: its average must not be mostly the first leg's.
_EMA_SECOND = 0.995
_SAVE_EVERY = 120.0


class Trainer:
    """State of a training run, complete enough to resume it."""

    def __init__(self, pictures: Path, *, limit: int | None = None) -> None:
        torch.manual_seed(0)
        self.tokenizer = learn_tokenizer()
        table = np.load(pictures / "pictures.npy", mmap_mode="r")[:limit]
        self.batches = Batches(table, self.tokenizer, _BATCH, seed=1)
        self.model: SiglipModel = new_model(self.tokenizer.get_vocab_size())
        width = WIDTH
        self.heads = nn.ModuleList([nn.Linear(width, len(all_facts())) for _ in range(2)])
        self.average = copy.deepcopy(self.model)
        self.optimizer = torch.optim.AdamW(self._groups(), lr=_RATE, betas=(0.9, 0.98), eps=1e-8, fused=True)
        self.steps = 0
        self.seconds = 0.0
        self.begun = 0.0
        self.rate = _RATE
        self.has_auxiliary = True

    def step(self, progress: float) -> float:
        """Do one step at *progress* (0 to 1) of the run; returns the main loss."""
        rate = self.rate * (
            progress / _WARM
            if progress < _WARM
            else 0.01 + 0.99 * (0.5 + 0.5 * math.cos(math.pi * (progress - _WARM) / (1 - _WARM)))
        )
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["factor"]
        batch = self.batches.draw(full_length=progress >= _FULL_LENGTH_FROM)
        main, auxiliary = self._losses(batch)
        weight = max(0.0, 1 - progress / _AUXILIARY_UNTIL) if self.has_auxiliary else 0.0
        loss = main + weight * auxiliary if weight else main
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.steps += 1
        self._follow()
        return float(main.detach())

    def _losses(self, batch: Batch) -> tuple[Tensor, Tensor]:
        images = self.model.vision_model(pixel_values=batch.pixels).pooler_output
        positions = batch.positions[None].expand(len(batch.texts), -1)
        texts = self.model.text_model(input_ids=batch.texts, position_ids=positions).pooler_output
        cosines = functional.normalize(images, dim=-1) @ functional.normalize(texts, dim=-1).T
        logits = cosines * self.model.logit_scale.exp() + self.model.logit_bias
        entropy = functional.binary_cross_entropy_with_logits
        main = entropy(logits, batch.truth, reduction="sum") / len(images) / 20
        facts = entropy(self.heads[0](images), batch.picture_facts, reduction="sum") / len(images)
        stated = entropy(self.heads[1](texts), batch.text_facts, reduction="sum") / len(texts)
        return main, (facts + stated) / 20

    def _follow(self) -> None:
        decay = min(_EMA if self.has_auxiliary else _EMA_SECOND, (1 + self.steps) / (10 + self.steps))
        with torch.no_grad():
            self.model.logit_scale.clamp_(0, math.log(120))
            for kept, new in zip(self.average.parameters(), self.model.parameters(), strict=True):
                kept.lerp_(new, 1 - decay)

    def _groups(self) -> list[dict[str, object]]:
        scalars = {"logit_scale": 2.0, "logit_bias": 8.0}
        decayed: list[nn.Parameter] = [*self.heads[0].parameters(), *self.heads[1].parameters()]
        plain: list[nn.Parameter] = []
        for name, parameter in self.model.named_parameters():
            if name not in scalars:
                (decayed if parameter.ndim > 1 and "embedding" not in name else plain).append(parameter)
        groups: list[dict[str, object]] = [
            {"params": decayed, "weight_decay": 0.05, "factor": 1.0},
            {"params": plain, "weight_decay": 0.0, "factor": 1.0},
        ]
        for name, factor in scalars.items():
            groups.append({"params": [getattr(self.model, name)], "weight_decay": 0.0, "factor": factor})
        return groups

    def save(self, path: Path) -> None:
        """Write the state atomically."""
        state = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "heads": self.heads.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "steps": self.steps,
            "seconds": self.seconds,
            "begun": self.begun,
            "rate": self.rate,
            "has_auxiliary": self.has_auxiliary,
            "tokenizer": self.tokenizer.to_str(),
            "random": self.batches.random.getstate(),
            "torch": torch.get_rng_state(),
        }
        beside = path.with_suffix(".part")
        torch.save(state, beside)
        os.replace(beside, path)

    def resume(self, path: Path) -> None:
        """Continue from a saved state."""
        state = torch.load(path, weights_only=False)
        for name in ("model", "average", "heads", "optimizer"):
            getattr(self, name).load_state_dict(state[name])
        for name in ("steps", "seconds", "begun", "rate", "has_auxiliary"):
            setattr(self, name, state[name])
        # The weights depend on its ids; a tokenizer retrained after a change of the captions would assign other ids.
        self.tokenizer = Tokenizer.from_str(state["tokenizer"])
        self.batches.use(self.tokenizer)
        self.batches.random.setstate(state["random"])
        torch.set_rng_state(state["torch"])

    def restart(self, rate: float) -> None:
        """Begin a second leg: warm up to *rate*, without auxiliary heads."""
        self.begun, self.rate, self.has_auxiliary = self.seconds, rate, False

    def export(self, folder: Path) -> None:
        """Write the averaged weights as a checkpoint."""
        save_model(copy.deepcopy(self.average), folder)
        save_tokenizer(self.tokenizer, folder)


def train(trainer: Trainer, out: Path, minutes: float, *, every: float = 120.0) -> None:
    """Train until *minutes* of training have passed, and write the checkpoint."""
    quick, state = Quick(trainer.tokenizer), out.with_suffix(".state")
    last = noted = time.monotonic()
    loss = None
    while trainer.seconds < minutes * 60:
        main = trainer.step((trainer.seconds - trainer.begun) / (minutes * 60 - trainer.begun))
        loss = main if loss is None else 0.98 * loss + 0.02 * main
        now = time.monotonic()
        trainer.seconds += now - last
        last = now
        if now - noted > every:
            figures = quick.figures(trainer.average)
            print(
                f"{trainer.seconds / 60:6.1f} min  step {trainer.steps}  loss {loss:.3f}  {figures}",
                flush=True,
            )
            trainer.save(state)
            last = noted = time.monotonic()
    trainer.save(state)
    trainer.export(out)
    print(f"done: {trainer.steps} steps of {_BATCH}  {quick.figures(trainer.average)}")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument(
        "--restart", type=float, metavar="RATE", help="a second leg from a finished run, without the auxiliary heads"
    )
    parser.add_argument(
        "--export", action="store_true", help="write the checkpoint of a run that is under way, and stop"
    )
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    trainer = Trainer(arguments.data)
    state = arguments.out.with_suffix(".state")
    if (arguments.resume or arguments.export or arguments.restart) and state.exists():
        trainer.resume(state)
    if arguments.export:
        trainer.export(arguments.out)
        return
    if arguments.restart:
        trainer.restart(arguments.restart)
    train(trainer, arguments.out, arguments.minutes)


if __name__ == "__main__":
    main()
