"""Words of texts, as searches for phrases compare them: the same for what is stored and for what is asked.

A word is a run of letters and digits of any script. Case, diacritics, and the width and form of characters do not
count. Scripts that write no spaces between words (Han, kana, Thai, Lao, Khmer, Myanmar) give one word a character, so
that any run of characters is a phrase. So does Hangul, whose particles follow the word without a space.
"""

from __future__ import annotations

import re
import unicodedata
from functools import partial

#: Characters that are a word each: Thai and Lao, Myanmar, Khmer, Hangul, and from 2E80 on Han, kana and Bopomofo.
_ALONE = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035"
    "\u303b\u3041-\u30ff\u3100-\u318f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\ua9e0-\ua9ff"
    "\uaa60-\uaa7f\uac00-\ud7ff\uf900-\ufaff\U0001aff0-\U0001b16f\U00020000-\U0003ffff]"
)
#: Marks without a combining class that say nothing: the grapheme joiner, and selectors of a variant.
_IGNORED = re.compile("[\u034f\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
#: A break between words, though it is a format character as the joiners and the soft hyphen are.
_ZERO_WIDTH_SPACE = "\u200b"
#: Combining classes of marks that are letters in their scripts: voiced kana, viramas, and vowel signs and tones of
#: Telugu, Thai, Lao and Tibetan.
_LETTERS = frozenset({0, 8, 9, *range(84, 133)})


def words_of(text: str) -> list[str]:
    """Return the words of *text*, folded, in order. The words of these, joined by spaces, are the same words."""
    if text.isascii():
        return re.findall("[a-z0-9]+", text.lower())
    decompose = partial(unicodedata.normalize, "NFKD")
    bare = decompose(text).translate(_UNMARKED)
    # Some letters decompose after their case is folded.
    bare = decompose(bare.casefold()).translate(_UNMARKED)
    # Hangul and voiced kana are letters that were taken apart.
    return unicodedata.normalize("NFC", bare).translate(_SPACED).split()


class _Unmarked(dict[int, str]):
    """Characters by their code points, without those that do not count."""

    def __missing__(self, code: int) -> str:
        self[code] = kept = "" if _is_ignored(chr(code)) else chr(code)
        return kept


class _Spaced(dict[int, str]):
    """Characters by their code points: with spaces around those that are a word each, and a space for what is none."""

    def __missing__(self, code: int) -> str:
        mark = chr(code)
        # Vowel signs of many scripts are marks, and a part of the word.
        is_word = mark.isalnum() or unicodedata.category(mark)[0] == "M"
        self[code] = text = (f" {mark} " if _ALONE.match(mark) else mark) if is_word else " "
        return text


def _is_ignored(mark: str) -> bool:
    category = unicodedata.category(mark)
    if category == "Cf":
        return mark != _ZERO_WIDTH_SPACE
    is_diacritic = unicodedata.combining(mark) not in _LETTERS
    return is_diacritic or category == "Me" or _IGNORED.match(mark) is not None


_UNMARKED, _SPACED = _Unmarked(), _Spaced()
