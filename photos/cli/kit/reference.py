"""Generator of docs/commands.md: `python -m photos.cli.kit.reference > docs/commands.md`."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc

import click

from photos.cli.kit.program import program

_HEAD = """# Commands

Generated from the help texts by `python -m photos.cli.kit.reference > docs/commands.md`.

Settings: an option overrides the environment, which overrides `config.toml` in the platform's configuration folder
(`~/.config/photos/` on Linux; `PHOTOS_CONFIG` names another file), which overrides the default. In the environment a
setting is called `PHOTOS_` and its name in capitals.

| setting | means | unless set |
|---|---|---|
| `library` | the folder of the catalog, the index and the log | `library` in `~/.local/share/photos/`, or the like; \
with `catalog` a folder in `catalogs` there |
| `catalog` | [the address of a catalog on a PostgreSQL server](postgres.md), in place of the file in `library` | none |
| `models` | the folder of downloaded checkpoints | `models` in the same |
| `model` | the checkpoint for a library that has none yet | see `photos add` |
| `device` | `auto`, `cpu`, `cuda`, `cuda:N`, `xpu`, `xpu:N` or `mps` | `auto`: the best available one |
| `precision` | `float32`, `bfloat16`, `float16`, `int8`, `bnb-int8` or `bnb-nf4`: \
[what each costs](models.md#precisions), for a new library | the best for the device |
| `backend` | `own` or `transformers`: [the implementation of the image encoder](models.md#backends) | `own` |
| `decode` | `full` or `reduced`: [the size at which JPEG is decoded](files.md#formats), for a new library | `reduced` |
| `patches` | `256`, `576` or `1024`: [most patches a picture](internals/embedder.md#naflex), for a new library | 256 |
| `workers` | processes that read and decode | the number of cores, with no GPU up to 8 |
| `threads` | threads that the model computes with | as many as torch chooses |
| `batch_size` | photos that are encoded and stored at once | 32, or more if the device computes more at once |
| `companions` | whether RAW files, live videos, sidecars and originals belong to the picture beside them | true |
| `top` | how many photos a search shows | 10 |
| `threshold` | the least probability of a tag that is shown | the vocabulary's |
| `quiet_seconds` | seconds since its last change before `watch` reads a file | 2 |
| `rescan_minutes` | minutes between two scans of all folders by `watch` | 60 |
| `poll_minutes` | minutes between two scans of folders in which the system reports no changes | 5 |
| `idle_minutes` | minutes without use after which `watch` releases the memory of the model | 10 |
| `answer_searches` | whether `watch` answers searches, which makes them much faster | true |
| `quiet_hours` | hours in which `watch` does nothing, such as `"09:00-17:30"` | none |
| `pause_on_battery` | whether `watch` does nothing on battery | true |
| `log_level` | the least level of the messages that `watch` logs: `debug`, `info`, `warning` or `error` | info |
| `follow_links` | whether links to folders are followed; never into the folder itself, nor to one place twice | false |
| `remembered_searches` | how many past searches are remembered, whose words then need no model; 0 for none | 1000 |
| `shared` | whether other users keep their permissions on the library's files | false |
| `keep_days` | days for which `photos prune` keeps photos that have no file left | 30 |
| `duplicates_prefer` | folders whose files are best among identical ones, the first most; with colons between | none |
| `thumbnails` | whether thumbnails are made while indexing, and kept | true |
| `preview_cache_gb` | gigabytes of previews, the larger pictures, that are kept | 1 |
| `describe_with` | `endpoint`, or a Florence-2 checkpoint by name or folder | the endpoint, if one is set |
| `describe_endpoint` | the address of [a server whose model describes photos](describing.md), such as \
`"http://localhost:11434/v1"` | none |
| `describe_model` | the name of the model there | none |
| `describe_key` | the key that the server asks for; it is never shown | none |
| `describe_side` | pixels of the longer side of the pictures that the server gets | 720 |
| `describe_language` | the language to describe in, such as `German` | the model's |
| `describe_timeout` | seconds in which the server answers a request | 120 |
| `describe_requests` | requests that the server gets at once | 2 |
| `describe_remote` | whether pictures may leave this machine and its private networks | false |
| `describe_new` | whether `watch` describes photos when it has nothing else to do | false |
| `queue` | whether [workers](workers.md) do what can be shared; it needs a catalog on a server | false |
| `map` | folders of the library that have another path on this machine, as `REMOTE=LOCAL`, with colons between | none |

In the file, the settings that begin with `describe_` may stand in a table: `endpoint` below `[describe]`.

Exit status: 0 done; 1 nothing found, or a problem, described on one line; 2 wrong usage or a wrong setting; 130
interrupted by Ctrl-C (129 hung up, 143 terminated); 141 the reader of the output closed it. A bug in the program
is reported on one line too, and `photos --debug COMMAND` shows its traceback.

Results go to standard output, everything else to standard error. `--json` prints one object a line. A photo that was
found has `path`, `paths` (all its files), `companions` (files that belong to them), `photo` (its
number), `score` (the cosine), `logit`, `probability` (these two are null unless one text was asked for, and
all three where it is filters alone), `width`, `height`, `format`, `taken_at` (ISO 8601 or null), `date_source`,
`camera`, `lens`, `focal_length` (mm), `aperture` (f-number), `exposure` (seconds), `iso`, `latitude`, `longitude`,
`rating` (-1 to 5), `caption`, `keywords`, and `tags` (objects with `label`, `score`, `probability`,
`calibrated`, `threshold` (the score from which it counts), `source`, `origin`, `implied_by`); with `--group` also
`more`, where there are others: `path`, `paths`, `photo`, `score` and `taken_at` of each.
`--paths` writes names as they are on disk, except that a terminal is shown control characters escaped; a name may hold
a line feed, so scripts are safest with `-0`.

To complete commands with the Tab key, see [`photos completion`](#photos-completion).
"""


def reference() -> str:
    """The page as Markdown."""
    return "\n".join([_HEAD, *_sections(program, None)])


def _sections(command: click.Command, parent: click.Context | None) -> Iterator[str]:
    context = click.Context(command, parent, info_name=command.name, **command.context_settings)
    yield f"{'##' if parent is None else '###'} {context.command_path}\n"
    yield f"```\n{context.command_path} {' '.join(command.collect_usage_pieces(context))}\n```\n"
    yield _prose(cleandoc(command.help or ""))
    parameters = [each for each in command.get_params(context) if isinstance(each, click.Option)]
    options = [row for row in (each.get_help_record(context) for each in parameters) if row]
    if options:
        yield "| option | |\n|---|---|"
        yield from (f"| `{_cell(name)}` | {_cell(text)} |" for name, text in options)
        yield ""
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _sections(inner, context)


def _prose(text: str) -> str:
    # In Click, a \b on its own line marks a paragraph that keeps its lines.
    parts = []
    for paragraph in text.split("\n\n"):
        lines = paragraph.strip("\n").splitlines()
        if lines and lines[0].strip() == "\b":
            parts.append("```\n" + "\n".join(lines[1:]) + "\n```")
        else:
            parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    click.echo(reference(), nl=False)
