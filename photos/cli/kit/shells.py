"""Scripts that complete commands in bash, zsh and fish, and the answers to them.

The script hands over the line up to the cursor, and gets a line for each item: its kind, its value and its help. The
kinds `file` and `dir` ask the shell for its own file names, so that these are always among the items.
"""

from __future__ import annotations

import os
import re
from typing import ClassVar, Final

from click.shell_completion import (
    CompletionItem,
    ShellComplete,
    _resolve_context,
    _resolve_incomplete,
    add_completion_class,
    split_arg_string,
)

from photos.cli.kit.completion import FOLDERS, completions

_BASH: Final = """\
%(complete_func)s() {
    local kind value help line
    local -a found=()
    local files= cur=${COMP_WORDS[COMP_CWORD]}
    COMPREPLY=()
    while IFS=$'\\t' read -r kind value help; do
        case $kind in
            file) files=file ;;
            dir) files=${files:-dir} ;;
            open) compopt -o nospace 2>/dev/null; found+=("$value") ;;
            plain) found+=("$value") ;;
        esac
    done < <(%(complete_var)s=bash_complete COMP_LINE="${COMP_LINE:0:COMP_POINT}" \\
        COMP_BREAKS="$COMP_WORDBREAKS" "$1" 2>/dev/null)
    if [ ${#found[@]} -eq 0 ]; then
        # Nothing of ours: the names of files, as bash completes them by itself.
        case $files in
            dir) compopt -o dirnames 2>/dev/null ;;
            file) compopt -o bashdefault -o default 2>/dev/null ;;
        esac
        return 0
    fi
    if [ "$files" = file ]; then
        while IFS= read -r line; do found+=("$(printf %%q "$line")"); done < <(compgen -f -- "$cur")
    elif [ "$files" = dir ]; then
        while IFS= read -r line; do found+=("$(printf %%q "$line")/"); done < <(compgen -d -- "$cur")
    fi
    COMPREPLY=("${found[@]}")
}

complete -o nosort -F %(complete_func)s %(prog_name)s 2>/dev/null || complete -F %(complete_func)s %(prog_name)s
"""

_ZSH: Final = """\
#compdef %(prog_name)s

%(complete_func)s() {
    local line kind value help
    local -a answers names texts open
    local files=
    (( ! $+commands[%(prog_name)s] )) && return 1
    answers=("${(@f)$(%(complete_var)s=zsh_complete COMP_LINE="${(j: :)words[1,CURRENT]}" %(prog_name)s 2>/dev/null)}")
    for line in $answers; do
        kind=${line%%%%$'\\t'*}; line=${line#*$'\\t'}
        value=${line%%%%$'\\t'*}; help=${line#*$'\\t'}
        case $kind in
            file) files=file ;;
            dir) files=${files:-dir} ;;
            open) open+=("$value") ;;
            plain) names+=("$value"); texts+=("$value${help:+  -- $help}") ;;
        esac
    done
    (( $#names )) && compadd -V values -l -d texts -a names
    (( $#open )) && compadd -V filters -S '' -a open
    case $files in
        file) _files ;;
        dir) _files -/ ;;
    esac
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""

_FISH: Final = """\
function %(complete_func)s_paths
    # A quote may be open.
    set -l token (string unescape -- (commandline -ct); or commandline -ct | string replace -r '^["\\']' '')
    # Fish's own functions do not expand ~.
    if string match -q '~/*' -- $token
        $argv[1] (string replace '~' $HOME -- $token) | string replace $HOME '~'
    else
        $argv[1] $token
    end
end

function %(complete_func)s
    set -l line (commandline -cp | string collect)
    for answer in (%(complete_var)s=fish_complete COMP_LINE=$line %(prog_name)s 2>/dev/null)
        set -l parts (string split -m 2 \\t -- $answer)
        switch $parts[1]
            case file
                %(complete_func)s_paths __fish_complete_path
            case dir
                %(complete_func)s_paths __fish_complete_directories
            case '*'
                if test -n "$parts[3]"
                    printf '%%s\\t%%s\\n' $parts[2] $parts[3]
                else
                    printf '%%s\\n' $parts[2]
                end
        end
    end
end

complete --no-files --command %(prog_name)s --arguments '(%(complete_func)s)'
"""


class _Shell(ShellComplete):
    """Completion in one shell."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Split the line up to the cursor into the finished words after the command, and the unfinished one."""
        line = os.environ.get("COMP_LINE", "")
        words = split_arg_string(line)
        if not line or is_between_words(line):
            words.append("")
        return words[1:-1], words[-1] if len(words) > 1 else ""

    def complete(self) -> str:
        """Return the answer to the script."""
        args, incomplete = self.get_completion_args()
        if args[-1:] == ["--library"]:
            return self.format_completion(CompletionItem(incomplete, type=FOLDERS))
        ctx = _resolve_context(self.cli, self.ctx_args, self.prog_name, args)
        found, begun = _resolve_incomplete(ctx, args, incomplete)
        # In --tag=do only what follows the equals sign is completed.
        head = incomplete[: len(incomplete) - len(begun)] if incomplete.endswith(begun) else ""
        items = completions(ctx, found, begun)
        return "\n".join(self.format_completion(_prefixed(head, item)) for item in items)

    def format_completion(self, item: CompletionItem[str]) -> str:
        """Return the line for an item."""
        kind = item.type
        if kind == "plain" and item.value.endswith((":", "/")):
            kind = "open"
        return f"{kind}\t{self.written(item.value)}\t{_one_line(item.help)}"

    def written(self, value: str) -> str:
        """Return *value* as the shell's script expects it."""
        return value


class Bash(_Shell):
    """Bash replaces only what follows the last break of a word, such as a colon, and inserts items as they are."""

    name: ClassVar[str] = "bash"
    source_template: ClassVar[str] = _BASH

    def written(self, value: str) -> str:
        """Return *value* without what stands before the last break, escaped unless a quote is open."""
        breaks = os.environ.get("COMP_BREAKS", "")
        line = os.environ.get("COMP_LINE", "")
        quote = open_quote(line)
        _, incomplete = self.get_completion_args()
        if quote is None:
            at = max((incomplete.rfind(mark) for mark in ":=" if mark in breaks), default=-1)
            value = value[at + 1 :]
            return re.sub(r"([^\w@%+=:,./~-])", r"\\\1", value)
        return value


class Zsh(_Shell):
    """Zsh quotes items itself."""

    name: ClassVar[str] = "zsh"
    source_template: ClassVar[str] = _ZSH


class Fish(_Shell):
    """Fish quotes items itself."""

    name: ClassVar[str] = "fish"
    source_template: ClassVar[str] = _FISH


#: The shells by name.
SHELLS: Final[dict[str, type[_Shell]]] = {each.name: each for each in (Bash, Zsh, Fish)}


def register_completions() -> None:
    """Let Click use these in place of its own, whose scripts complete no file names beside other items."""
    for each in SHELLS.values():
        add_completion_class(each)


def is_between_words(line: str) -> bool:
    """Return whether a new word begins at the end of *line*."""
    return open_quote(line) is None and line[-1:].isspace() and not line.rstrip().endswith("\\")


def open_quote(line: str) -> str | None:
    """Return the quote that is open at the end of *line*, or None."""
    quote: str | None = None
    marks = iter(line)
    for mark in marks:
        if mark == "\\" and quote != "'":
            next(marks, None)
        elif quote is None and mark in "'\"":
            quote = mark
        elif mark == quote:
            quote = None
    return quote


def _prefixed(head: str, item: CompletionItem[str]) -> CompletionItem[str]:
    return item if not head or item.type != "plain" else CompletionItem(head + item.value, help=item.help)


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())
