"""The same commands on a catalog in a file and on a server: the same answers, and the same exit statuses."""

from __future__ import annotations

import re
import shutil

import pytest

from tests.photos.conftest import Program
from tests.photos.encoders import ColourEncoders, make_checkpoint

#: In the order in which they are run. `@` is the folder of one library, which holds `pictures`; a command after `!` has
#: the exit status 1.
JOURNEY = """
status
! search red
vocab use @/colours.txt
add @/pictures --model @/checkpoint
index
add @/pictures --dry-run
search red --json
search a word that nobody ever searched for
search red -blue --top 3 --json
search tag:red
search width:40 --all --json
search red --exact --json
similar @/pictures/red.png --json
why @/pictures/red.png red --json
facets --json
tags --json
tags show @/pictures/red.png @/pictures/bright/white.png --json
tag @/pictures/red.png +holiday -red
tag --query green --top 1 +lawn
rate 4 @/pictures/red.png
search tag:holiday stars:4 --json
search red --save-as mine
saved list --json
search --saved mine --json
saved remove mine
history list
captions @/pictures/red.png --json
vocab list --json
vocab show colours
vocab import @/more.txt --name colours
vocab use colours
! vocab diff colours @/colours.txt
vocab try pink --json
vocab lint colours
vocab use @/more.txt --as more
vocab history colours
vocab rollback colours
vocab calibrate
tags --json
vocab drop more
retag
retag --vocabulary @/more.txt
teach red --yes @/pictures/red.png --no @/pictures/green.png
teach red
tags show @/pictures/red.png --json
! duplicates --json
xmp write @/pictures/red.png @/pictures/green.png
index
xmp runs
xmp undo
embed --text red
embed @/pictures/red.png
model status
model try @/turned
model compare red
search red --model @/turned --json
model switch @/turned --force
search red --json
model rollback
model forget @/turned
failed
verify
verify --repair
prune --dry-run
history clear
history list
remove @/pictures
prune
! search red
"""


@pytest.fixture
def on_server(server, tmp_path, capsys):
    """The program with an empty library on a server."""
    with server.database(server.template) as address:
        settings = {"PHOTOS_CATALOG": address, "PHOTOS_PRECISION": "float32"}
        yield Program(tmp_path / "server" / "library", capsys, ColourEncoders(), **settings)


@pytest.fixture
def in_file(tmp_path, capsys):
    """The program with an empty library in a folder."""
    return Program(tmp_path / "file" / "library", capsys, ColourEncoders(), PHOTOS_PRECISION="float32")


def test_a_journey_is_the_same_on_both(in_file, on_server, pictures, vocabulary):
    for program in (in_file, on_server):
        place = program.library.parent
        shutil.copytree(pictures, place / "pictures")
        shutil.copyfile(vocabulary, place / "colours.txt")
        (place / "more.txt").write_text(vocabulary.read_text() + "grey\n")
        make_checkpoint(place / "checkpoint")
        make_checkpoint(place / "turned", seed=2)
    for line in JOURNEY.strip().splitlines():
        command = line.removeprefix("! ")
        told = [_told(program, command) for program in (in_file, on_server)]
        assert told[1] == told[0], line
        assert told[0][0] == (command != line), told[0]


def _told(program, line):
    """The exit status and the output, with what must differ in the same words: times, and the place of the library."""
    result = program(*line.replace("@", str(program.library.parent)).split())
    texts = [_plain(text, program) for text in (result.out, result.err)]
    return result.status, *texts


def _plain(text, program):
    text = re.sub(r"(?m)^catalog .*\n", "", text)
    text = text.replace(str(program.library.parent), "@").replace("\\", "")
    text = re.sub(r"postgresql://\S*", "@/library", text)
    text = re.sub(r"<?\d+(\.\d+)? (ms|s)\b", "T", text)
    text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?", "T", text)
    text = re.sub(r"(?m) \d+\.\d{3}$", " T", text)
    # The server's cosines are right to a millionth.
    text = re.sub(r"\d+\.\d{6,}", lambda number: f"{float(number[0]):.5f}", text)
    # Each database takes its own room, and the widths of columns follow what was replaced.
    return re.sub(r" {2,}", " ", re.sub(r"[\d.]+ (bytes|kB|MB)\b", "ROOM", text))
