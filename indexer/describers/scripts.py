"""Scripts of languages: a plain test for answers in a wrong language."""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import Final

#: Scripts by the first word of their letters' names in Unicode.
_CJK: Final = frozenset({"CJK"})
_LATIN: Final = frozenset({"LATIN"})
_LATIN_LANGUAGES: Final = """
    af afrikaans; ca catalan; cs czech; cy welsh; da danish; de german deutsch; en english; es spanish español; et
    estonian; eu basque; fi finnish suomi; fr french français; ga irish; gl galician; hr croatian; hu hungarian magyar;
    id indonesian; is icelandic; it italian italiano; lt lithuanian; lv latvian; ms malay; mt maltese; nb nn no
    norwegian norsk; nl dutch nederlands; pl polish polski; pt portuguese português; ro romanian; sk slovak; sl
    slovenian; sq albanian; sv swedish svenska; sw swahili; tl filipino tagalog; tr turkish türkçe; vi vietnamese
"""
_OTHER_LANGUAGES: Final = {
    "zh chinese 中文": _CJK,
    "ja japanese 日本語": _CJK | {"HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"},
    "ko korean 한국어": _CJK | {"HANGUL"},
    "ru russian русский": {"CYRILLIC"},
    "be belarusian": {"CYRILLIC"},
    "bg bulgarian": {"CYRILLIC"},
    "mk macedonian": {"CYRILLIC"},
    "uk ukrainian українська": {"CYRILLIC"},
    "el greek ελληνικά": {"GREEK"},
    "he hebrew עברית": {"HEBREW"},
    "ar arabic العربية": {"ARABIC"},
    "fa persian farsi": {"ARABIC"},
    "ur urdu": {"ARABIC"},
    "hi hindi हिन्दी": {"DEVANAGARI"},
    "mr marathi": {"DEVANAGARI"},
    "ne nepali": {"DEVANAGARI"},
    "bn bengali": {"BENGALI"},
    "ta tamil": {"TAMIL"},
    "te telugu": {"TELUGU"},
    "th thai": {"THAI"},
    "ka georgian": {"GEORGIAN"},
    "hy armenian": {"ARMENIAN"},
    "am amharic": {"ETHIOPIC"},
}
_SCRIPTS: Final = {
    **dict.fromkeys(_LATIN_LANGUAGES.replace(";", " ").split(), _LATIN),
    **{name: frozenset(scripts) for names, scripts in _OTHER_LANGUAGES.items() for name in names.split()},
}
#: Letters that a text needs to be judged: a name alone may be in any script.
_FEWEST: Final = 4


def is_in_wrong_script(text: str, language: str) -> bool:
    """Return whether most letters of *text* are of a script in which *language* is not written.

    *language* is a code such as `de` or `zh-Hans`, or a name in English. This tells Chinese from German, but not
    English from German, nor Chinese from Japanese. An unknown language, or one of several scripts, fits any text.
    """
    expected = _SCRIPTS.get(language.strip().casefold().replace("_", "-").partition("-")[0])
    if expected is None:
        return False
    letters = Counter(_script(mark) for mark in text if mark.isalpha())
    right = sum(count for script, count in letters.items() if script in expected)
    return letters.total() >= _FEWEST and 2 * right < letters.total()


def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]
