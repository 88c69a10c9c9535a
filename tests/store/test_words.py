"""Words of texts: the same for what is stored and for what is asked."""

# ruff: noqa: RUF001 - the letters that look alike are those that are compared

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.words import words_of

TEXTS = {
    "Café au LAIT, it’s 20°C!": "cafe au lait it s 20 c",
    "snake_case e-mail a.b@c.org": "snake case e mail a b c org",
    "STRASSE Straße ﬁn ½ Ⅳ": "strasse strasse fin 1 2 iv",
    "İstanbul ΆΣ ᾳ naïve": "istanbul ασ α naive",
    "誕生日ケーキ": "誕 生 日 ケ ー キ",
    "ガ ｶﾞ か が 々〇": "ガ ガ か が 々 〇",
    "생일을 축하": "생 일 을 축 하",
    "วันเกิด": "ว ั น เ ก ิ ด",
    "जन्मदिन की": "जन्मदिन की",
    "שָׁלוֹם مُحَمَّد": "שלום محمد",
    "می\u200cخواهم co\u00adop a\u200bb": "میخواهم coop a b",
    "1\ufe0f\u20e3 🎂 葛\U000e0100": "1 葛",
    '"a" AND b* NEAR(c, 2) ^d -e {f}: g\x00h': "a and b near c 2 d e f g h",
    "... 🎂 !?": "",
}


@pytest.mark.parametrize("text", TEXTS)
def test_words_are_runs_of_letters_and_digits_folded(text):
    assert " ".join(words_of(text)) == TEXTS[text]
    assert words_of(unicodedata.normalize("NFD", text)) == words_of(text)


def test_every_character_gives_words_that_stay_as_they_are():
    for start in range(0, 0x110000, 0x100):
        words = words_of(" x ".join(map(chr, range(start, start + 0x100))))
        assert words_of(" ".join(words)) == words
        assert not any(mark.isspace() or (mark.isascii() and not mark.isalnum()) for word in words for mark in word)


@given(st.text())
def test_the_words_of_words_are_the_same(text):
    assert words_of(" ".join(words_of(text))) == words_of(text)


@given(st.text(st.characters(codec="ascii")))
def test_ascii_has_the_same_words_beside_other_letters(text):
    assert words_of(text) == words_of(f"{text} é")[:-1]
