"""Options that several commands share."""

from __future__ import annotations

import os

import click
from click.shell_completion import CompletionItem


class DeviceName(click.ParamType[str]):
    """The name of a device that torch computes on."""

    name = "device"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """*value*, if it can be the name of a device."""
        from photos.config import DEVICE

        if not DEVICE.fullmatch(value):
            self.fail(f"{value!r} is not one of auto, cpu, cuda, cuda:N, xpu, xpu:N, mps.", param, ctx)
        return value

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The names that begin so."""
        del ctx, param
        names = ("auto", "cpu", "cuda", "cuda:0", "cuda:1", "mps", "xpu")
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]


as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
top = click.option(
    "-t", "--top", type=click.IntRange(min=1), metavar="N", help="Number of photos to show; 10 unless set."
)
show_all = click.option("--all", "show_all", is_flag=True, help="Show all photos that are found.")
dry_run = click.option("-n", "--dry-run", is_flag=True, help="Change nothing, and say what would be done.")
query = click.option(
    "--query",
    metavar="QUERY",
    help="Also the photos that QUERY finds: filters such as year:2019, or words together with --top.",
)
top_of_query = click.option(
    "-t", "--top", type=click.IntRange(min=1), metavar="N", help="With --query: only the N best, or the N newest."
)
threshold = click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    metavar="P",
    help="Show tags from this probability on, in place of the vocabulary's own thresholds.",
)
slot = click.option(
    "--as",
    "slot",
    metavar="SLOT",
    help="Use it in addition to the main vocabulary, with labels such as SLOT:heron.",
)
paths_only = click.option("--paths", "paths_only", is_flag=True, help="Print paths only, one a line.")
print0 = click.option("-0", "--print0", is_flag=True, help="Print paths only, each ended by a NUL: for `xargs -0`.")
group = click.option("--group", is_flag=True, help="Show near-duplicates and bursts as one: the best of them.")
model = click.option(
    "--model",
    metavar="NAME|FOLDER",
    help="Checkpoint for a library that has none yet: a hub id, a folder, or `demo` for drawings.",
)
in_model = click.option(
    "--model",
    "model",
    metavar="MODEL",
    callback=lambda _context, _option, value: (
        value if value is None or not os.path.isdir(value) else os.path.abspath(value)
    ),
    help="Search with this model of the library, such as one that is tried; `photos model status` lists them.",
)
device = click.option(
    "--device",
    type=DeviceName(),
    metavar="auto|cpu|cuda|cuda:N|xpu|mps",
    help="Device to compute on; the best available one unless set. A number chooses one of several.",
)
precision = click.option(
    "--precision",
    type=click.Choice(["float32", "bfloat16", "float16", "int8", "bnb-int8", "bnb-nf4"]),
    help="Precision of a new library's embeddings; the best for the device unless set. Those of bnb need photos[bnb].",
)
backend = click.option(
    "--backend",
    type=click.Choice(["own", "transformers"]),
    help="Implementation of the image encoder: transformers is the reference, and slower; own unless set.",
)
patches = click.option(
    "--patches",
    type=click.Choice(["256", "576", "1024"]),
    callback=lambda _context, _option, value: None if value is None else int(value),
    help="Most patches of a picture in a new library, for NaFlex checkpoints; 256 unless set.",
)
nice = click.option(
    "--nice",
    type=click.IntRange(0, 19),
    default=0,
    metavar="N",
    help="Lower the priority: 19 lets every other program run first.",
)
log_level = click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    help="Least level of the messages to log; info unless set.",
)
confirm_removals = click.option(
    "--confirm-removals",
    is_flag=True,
    help="Forget missing photos even if they are more than a hundred and more than a tenth of a folder's.",
)
workers = click.option("--workers", type=click.IntRange(min=1), metavar="N", help="Processes that read and decode.")
threads = click.option(
    "--threads", type=click.IntRange(min=1), metavar="N", help="Threads that the model computes with."
)
json_events = click.option("--json", "as_json", is_flag=True, help="Print each event as one JSON object a line.")
queue = click.option(
    "--queue/--no-queue",
    "queue",
    default=None,
    help="Let workers read and encode the files: see `photos worker`. While none lives, `add` and `index` do it "
    "themselves. Needs a catalog on a server.",
)
share = click.option(
    "--queue/--no-queue",
    "queue",
    default=None,
    help="Let workers do it: see `photos worker`. Needs a catalog on a server.",
)
no_wait = click.option(
    "--no-wait", "no_wait", is_flag=True, help="With --queue: do not wait for the workers; a later pass finishes."
)
