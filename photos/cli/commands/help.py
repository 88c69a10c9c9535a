"""`photos help`."""

from __future__ import annotations

import click


@click.command(short_help="Show the help of a command, or a page of the documentation.")
@click.argument("words", nargs=-1, metavar="[COMMAND|TOPIC]...")
@click.option("--man", is_flag=True, help="Print the manual page, as `man` reads it.")
@click.pass_context
def help(ctx: click.Context, words: tuple[str, ...], man: bool) -> None:  # noqa: A001 - the command's name
    """Show the help of a COMMAND, such as `vocab use`, or a TOPIC of the documentation. Without either, list both.

    Where both have the name, the help of the command comes first.

    \b
    photos help search
    photos help vocab use
    photos help searching
    photos help --man > ~/.local/share/man/man1/photos.1
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.kit.terminal import paint, prose, show_lines
    from photos.cli.kit.topics import plain, title, topics

    program = ctx.find_root()
    if man:
        from photos.cli.kit.manual import manual

        click.echo(manual(), nl=False)
        return
    pages = topics()
    if not words:
        lines = program.get_help().splitlines()
        lines += ["", "Topics:", *(f"  {name:<14}{title(page)}" for name, page in pages.items())]
        show_lines(lines)
        return
    found = _command(program, words)
    page = pages.get(words[0]) if len(words) == 1 else None
    if found is None and page is None:
        raise click.UsageError(_unknown(program, words, list(pages)))
    lines = [] if found is None else found.get_help().splitlines()
    if page is not None:
        shown = plain(page.read_text("utf-8"))
        lines += [""] * bool(lines)
        lines += [paint(line, "heading") if line.startswith("#") else prose(line) for line in shown]
    show_lines(lines)


def _command(root: click.Context, words: tuple[str, ...]) -> click.Context | None:
    """Return the context of the command that *words* name, or None."""
    context = root
    for word in words:
        group = context.command
        command = group.get_command(context, word) if isinstance(group, click.Group) else None
        if command is None:
            return None
        context = click.Context(command, context, info_name=word, **command.context_settings)
    return context


def _unknown(root: click.Context, words: tuple[str, ...], pages: list[str]) -> str:
    import difflib

    asked = " ".join(words)
    assert isinstance(root.command, click.Group)
    names = [*root.command.list_commands(root), *pages]
    near = difflib.get_close_matches(words[0], names, 1)
    hint = f"did you mean {near[0]!r}?" if near and len(words) == 1 else "`photos help` lists both."
    return f"There is no command and no topic {asked!r}; {hint}"
