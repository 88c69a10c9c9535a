"""Speed of Florence-2 base against encoding with a base image encoder, and the cost of the client of chat endpoints.

    python benchmarks/speed/describing.py [--pictures N] [--runs N]

Both models have the true sizes and random weights, and the same precision: Florence-2 base at 768 pixels, and the image
encoder of siglip2-base-patch16-256. Answers of random weights do not end by themselves, so they are cut to a number of
tokens. The endpoint is a process on this machine that answers at once, so all the time is that of the client and of
the connection.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from transformers.utils import logging

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from indexer.describers import EndpointSettings, Task, open_endpoint, open_florence_checkpoint  # noqa: E402
from indexer.describers.endpoint import encoded  # noqa: E402
from indexer.describers.florence import FlorenceDescriber  # noqa: E402
from indexer.models import open_checkpoint  # noqa: E402
from indexer.models.siglip.torch_encoders import SiglipImageEncoder  # noqa: E402

SERVER = ROOT / "tests" / "indexer" / "describers" / "chat_server.py"
BASE = {
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "image_size": 256,
    "patch_size": 16,
}
#: Name, tasks, and tokens of each answer.
CASES = (
    ("a caption of 20 tokens", frozenset({Task.CAPTION}), 20),
    ("a detailed caption of 100 tokens", frozenset({Task.DETAILED_CAPTION}), 100),
    ("a caption, objects and text, each of 20 tokens", frozenset({Task.CAPTION, Task.OBJECTS, Task.TEXT}), 20),
)


def pictures(count: int) -> list[Image.Image]:
    """Make smooth random pictures of 720 by 480 pixels."""
    random = np.random.default_rng(0)
    small = [Image.fromarray(random.integers(0, 255, (24, 36, 3), np.uint8)) for _ in range(count)]
    return [each.resize((720, 480), Image.Resampling.BICUBIC) for each in small]


def seconds(work: Callable[[], object], runs: int = 3, clock: Callable[[], float] = time.process_time) -> float:
    """Return the least time of several runs: by default CPU time, which other programs disturb little."""
    times = []
    for _ in range(runs):
        started = clock()
        work()
        times.append(clock() - started)
    return min(times)


def florence(folder: Path, count: int, runs: int) -> None:
    """Measure and print descriptions and encodings, in one thread."""
    from tests.checkpoints import make_v2
    from tests.indexer.describers.florence_checkpoints import make_base

    torch.set_num_threads(1)
    checkpoint = open_florence_checkpoint(make_base(folder / "florence-2-base"))
    seen = pictures(count)
    pixels = np.stack([np.asarray(each.resize((256, 256))) for each in seen])
    describers = [FlorenceDescriber(checkpoint, tasks, "cpu", 1, most_tokens=most) for _, tasks, most in CASES]
    encoder = SiglipImageEncoder(
        open_checkpoint(make_v2(folder / "siglip", vision=BASE)), "cpu", describers[0].precision
    )
    encoder.encode(pixels[:1])
    encoding = seconds(lambda: encoder.encode(pixels)) / count
    print(f"{describers[0].precision}, one thread, parameters: {checkpoint.parameters / 1e6:.1f} M")
    print(f"{'':<50}{'CPU s each':>12}{'an hour':>10}{'x encoding':>12}")
    print(f"{'encoding':<50}{encoding:>12.3f}{3600 / encoding:>10.0f}{1:>12.1f}")
    for (name, _, _), describer in zip(CASES, describers, strict=True):
        taken = seconds(lambda each=describer: each.describe(seen), runs) / count
        print(f"{name:<50}{taken:>12.3f}{3600 / taken:>10.0f}{taken / encoding:>12.1f}")


def endpoint(count: int) -> None:
    """Measure and print the time for a picture with a server that answers at once."""
    server = subprocess.Popen([sys.executable, str(SERVER), "--quiet"], stdout=subprocess.PIPE, text=True)
    try:
        port = int(server.stdout.readline()) if server.stdout else 0
        seen = pictures(count)
        jpeg = seconds(lambda: [encoded(each, 720) for each in seen], clock=time.perf_counter) / count
        print(f"\nendpoint that answers at once: {1000 * jpeg:.1f} ms to make a JPEG of 720 pixels")
        for requests in (1, 4):
            settings = EndpointSettings(f"http://127.0.0.1:{port}", "good", requests=requests)
            with closing(open_endpoint(settings)) as describer:
                describer.describe(seen[:1])
                taken = seconds(lambda each=describer: each.describe(seen), clock=time.perf_counter) / count
            print(f"{requests} at once: {1000 * taken:.1f} ms a picture in all")
    finally:
        server.kill()
        server.wait()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=4)
    parser.add_argument("--runs", type=int, default=2)
    arguments = parser.parse_args()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    endpoint(100)
    with tempfile.TemporaryDirectory() as temporary:
        florence(Path(temporary), arguments.pictures, arguments.runs)


if __name__ == "__main__":
    main()
