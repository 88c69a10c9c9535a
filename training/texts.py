"""False texts for training, and the words of the tokenizer."""

from __future__ import annotations

from pathlib import Path
from random import Random

from photos.demo import words
from photos.demo.captions import caption, full_caption, label
from photos.demo.scene import COLOURS
from photos.demo.splits import scene_at

_OPENINGS = ("", "", "", "a photo of ", "this is a photo of ", "a ", "a photo of a ", "a picture of ")


def everyday_words() -> list[str]:
    """Return common words that no caption uses and no picture shows."""
    used = set(COLOURS)
    for table in (
        words.PLACE_NAMES,
        words.TIME_NAMES,
        words.WEATHER_NAMES,
        words.KIND_NAMES,
        words.GROUP_NAMES,
        words.PLACE_PHRASES,
    ):
        used.update(word for names in table.values() for name in names for word in name.replace("-", " ").split())
    listed = (Path(__file__).parent / "everyday.txt").read_text("utf-8").split()
    return sorted({word for word in listed if word not in used})


def false_text(random: Random, everyday: list[str]) -> str:
    """Return a text that is true of no picture."""
    text = random.choice(everyday)
    if random.random() < 0.2:
        text = f"{random.choice(list(COLOURS))} {text}"
    return random.choice(_OPENINGS) + text + ("." if random.random() < 0.25 else "")


def corpus(random: Random) -> list[str]:
    """Return the training texts of the tokenizer."""
    texts: list[str] = []
    for index in range(15_000):
        scene = scene_at("train", index)
        texts += [caption(random, scene).text, full_caption(random, scene).text, label(random, scene).text]
    for word in everyday_words():
        texts += [word, f"a photo of {word}"] * 6
    # Every letter, digit and mark on its own, so that a word never seen is spelled and not lost.
    texts += list("abcdefghijklmnopqrstuvwxyz0123456789.,!?'\"-:;()&/") * 20
    return texts
