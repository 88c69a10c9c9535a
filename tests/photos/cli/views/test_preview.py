"""Pictures in the terminal."""

import base64
import io
import os
import pty
import re
import select
import sys
import time

import numpy as np
import pytest
from PIL import Image

from photos.cli.views import graphics
from photos.cli.views.preview import CHOICES, picture, protocol
from tests.pictures import encoded, p3_profile, scene

SIXEL_TERMINAL, PLAIN_TERMINAL, KITTY = b"\x1b[?62;4;22c", b"\x1b[?62;22c", b"\x1b_Gi=31;OK\x1b\\\x1b[?62c"


def unkitty(written):
    """The picture and the keys of what Kitty was sent."""
    parts = re.findall(rb"\x1b_G([^;]*);([^\x1b]*)\x1b\\", written)
    assert b"".join(b"\x1b_G" + keys + b";" + data + b"\x1b\\" for keys, data in parts) == written
    assert all(len(data) <= 4096 for _, data in parts)
    assert [keys.rpartition(b"m=")[2] for keys, _ in parts] == [b"1"] * (len(parts) - 1) + [b"0"]
    return Image.open(io.BytesIO(base64.b64decode(b"".join(data for _, data in parts)))), parts[0][0]


def unsixel(written):
    """Pixels of a Sixel picture, uint8 (h, w, 3), by the manual."""
    head = re.match(rb'\x1bP[\d;]*q"1;1;(\d+);(\d+)', written)
    width, height = int(head[1]), int(head[2])
    body = written[head.end() :]
    assert body.endswith(b"\x1b\\")
    pixels, palette = np.full((height, width, 3), -1), {}
    colour = x = top = 0
    for token in re.finditer(rb"#(\d+)(?:;2;(\d+);(\d+);(\d+))?|!(\d+)([?-~])|([?-~])|([$-])", body[:-2]):
        number, red, green, blue, count, repeated, single, move = token.groups()
        if number is not None:
            colour = int(number)
            if red is not None:
                palette[colour] = [round(int(part) * 255 / 100) for part in (red, green, blue)]
        elif move is not None:
            x, top = 0, top + 6 * (move == b"-")
        else:
            bits, length = (repeated or single)[0] - 63, int(count or 1)
            for row in range(6):
                if bits >> row & 1:
                    pixels[top + row, x : x + length] = palette[colour]
            x += length
    assert (pixels >= 0).all()
    return pixels


def test_kitty_gets_the_whole_picture_in_parts():
    image = Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8))
    shown, keys = unkitty(graphics.kitty(image, 8))
    assert np.array_equal(np.asarray(shown), np.asarray(image))
    assert b"a=T,f=100,q=2,r=8" in keys


def test_iterm_gets_the_whole_picture():
    image = scene()
    head, _, data = graphics.iterm(image, 8).partition(b":")
    content = base64.b64decode(data[:-1])
    assert data.endswith(b"\x07")
    assert head == b"\x1b]1337;File=inline=1;size=%d;height=8;preserveAspectRatio=1" % len(content)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(content))), np.asarray(image))


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (64, 48), (33, 13)])
def test_sixel_draws_every_pixel_in_about_its_colour(size):
    image = scene(*size)
    drawn = unsixel(graphics.sixel(image))
    assert drawn.shape == (size[1], size[0], 3)
    assert np.abs(drawn - np.asarray(image, np.int64)).mean() < 6


def test_sixel_with_few_colours_is_exact_to_one_percent():
    pixels = np.zeros((20, 30, 3), np.uint8)
    pixels[5:9, 3:25] = (255, 0, 51)
    assert np.abs(unsixel(graphics.sixel(Image.fromarray(pixels))) - pixels.astype(int)).max() <= 2


def test_tmux_passes_the_picture_through():
    written = graphics.through_tmux(b"\x1b]1337;x\x07")
    assert written == b"\x1bPtmux;\x1b\x1b]1337;x\x07\x1b\\"


def test_a_thumbnail_is_shown_whole():
    thumbnail = encoded(scene(320, 213), "webp")
    shown, _ = unkitty(picture(thumbnail, "kitty", {}))
    assert shown.size == (320, 213)
    assert picture(thumbnail, "iterm", {"TMUX": "x"}).startswith(b"\x1bPtmux;\x1b\x1b]1337;")
    assert unsixel(picture(thumbnail, "sixel", {"TMUX": "x"})).shape[0] <= 144


def test_a_terminal_gets_the_colours_of_the_screen():
    thumbnail = encoded(Image.new("RGB", (320, 213), (200, 60, 60)), "webp", icc_profile=p3_profile())
    shown, _ = unkitty(picture(thumbnail, "kitty", {}))
    assert np.abs(np.array(shown.getpixel((9, 9)), int) - (217, 42, 51)).max() <= 8


@pytest.mark.parametrize(
    ("environment", "answer", "expected"),
    [
        ({"TERM": "xterm-kitty"}, b"", "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, b"", "iterm"),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2", "TMUX": "x"}, b"", "iterm"),
        ({"TERM": "foot"}, b"", "sixel"),
        ({"TERM": "xterm"}, SIXEL_TERMINAL, "sixel"),
        ({"TERM": "xterm"}, PLAIN_TERMINAL, "none"),
        ({"TERM": "xterm"}, b"\x1b[?4c", "none"),
        ({"TERM": "xterm"}, KITTY, "kitty"),
        ({"TERM": "xterm"}, b"", "none"),
        ({"TERM": "tmux-256color", "TMUX": "x", "KITTY_WINDOW_ID": "1"}, SIXEL_TERMINAL, "sixel"),
        ({"TERM": "tmux-256color", "TMUX": "x", "KITTY_WINDOW_ID": "1"}, PLAIN_TERMINAL, "none"),
        ({"TERM": "dumb"}, SIXEL_TERMINAL, "none"),
        ({"TERM": "linux"}, SIXEL_TERMINAL, "none"),
    ],
)
def test_the_protocol_follows_name_or_answer(environment, answer, expected):
    assert protocol("auto", environment, is_terminal=True, send=lambda _: answer) == expected


def test_a_pipe_is_not_queried_and_a_choice_is_final():
    def never(_):
        raise AssertionError

    assert protocol("auto", {"TERM": "xterm-kitty"}, is_terminal=False, send=never) == "none"
    for choice in CHOICES[1:]:
        assert protocol(choice, {}, is_terminal=False, send=never) == choice


def in_terminal(answer):
    """Return the protocol that a program detects in a terminal with this answer, and its output there."""
    pid, master = pty.fork()
    if pid == 0:
        script = (
            "from photos.cli.views.preview import protocol\n"
            "print('found', protocol('auto', {'TERM': 'xterm'}, is_terminal=True), flush=True)"
        )
        os.execv(sys.executable, [sys.executable, "-c", script])
    seen, answered, end = b"", False, time.monotonic() + 60
    try:
        while b"found" not in seen or not seen.endswith(b"\n"):
            assert time.monotonic() < end
            if not select.select([master], [], [], 1)[0]:
                continue
            seen += os.read(master, 4096)
            if b"\x1b[c" in seen and not answered:
                answered = True
                os.write(master, answer)
    finally:
        os.close(master)
        os.waitpid(pid, 0)
    assert answered
    return seen.decode().split("found ")[1].strip(), seen


@pytest.mark.parametrize(("answer", "expected"), [(SIXEL_TERMINAL, "sixel"), (KITTY, "kitty"), (b"", "none")])
def test_the_terminal_is_queried_without_echo_or_hang(answer, expected):
    found, seen = in_terminal(answer)
    assert found == expected
    assert b"62;4" not in seen


def test_a_background_process_does_not_query():
    script = (
        "import os, signal\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    os.setpgid(0, 0)\n"
        "    from photos.cli.views.preview import protocol\n"
        "    os._exit(0 if protocol('auto', {'TERM': 'xterm'}, is_terminal=True) == 'none' else 1)\n"
        "status = os.waitpid(pid, os.WUNTRACED)[1]\n"
        "os.kill(pid, signal.SIGKILL) if os.WIFSTOPPED(status) else None\n"
        "print('found', status, flush=True)"
    )
    pid, master = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-c", script])
    seen, end = b"", time.monotonic() + 60
    try:
        while not seen.endswith(b"\n"):
            assert time.monotonic() < end
            if select.select([master], [], [], 1)[0]:
                seen += os.read(master, 4096)
    finally:
        os.close(master)
        os.waitpid(pid, 0)
    assert seen == b"found 0\r\n"
