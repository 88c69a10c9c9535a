"""Encodings of texts in EXIF and IPTC."""

from __future__ import annotations

import pytest

from indexer.metadata.texts import decoded, exif_text, one_line, user_comment, windows_text


def pillows(text, encoding):
    """*text* as Pillow gives a text tag in that encoding."""
    return text.encode(encoding).decode("latin-1")


@pytest.mark.parametrize("text", ["Amonova Lúka", "Ёлка на площади", "50mm — ƒ/1.8", "写真", "plain"])
def test_utf8_in_exif_is_read(text):
    assert exif_text(pillows(text, "utf-8")) == text
    assert exif_text(text.encode()) == text


@pytest.mark.parametrize("text", ["Amonova Lúka", "Café", "Straße, \u2018quoted\u2019", "naïve"])
def test_windows_1252_in_exif_stays_right(text):
    assert exif_text(pillows(text, "cp1252")) == text


def test_a_text_cut_within_a_character_loses_that_alone():
    assert exif_text(pillows("Öland Kamera é", "utf-8")[:-1]) == "Öland Kamera"
    assert decoded("Café".encode("cp1252")) == "Café", "and this is no cut text"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"ASCII\0\0\0Grandma at the lake", "Grandma at the lake"),
        (b"ASCII\0\0\0" + "Großmutter".encode(), "Großmutter"),
        (b"UNICODE\0" + "Großmutter am See".encode("utf-16-le"), "Großmutter am See"),
        (b"UNICODE\0" + "Großmutter am See".encode("utf-16-be"), "Großmutter am See"),
        (b"UNICODE\0" + "祖母在湖边".encode("utf-16-be"), "祖母在湖边"),
        (b"UNICODE\0" + "祖母在湖边".encode("utf-16-le"), "祖母在湖边"),
        (b"UNICODE\0" + "Бабушка".encode("utf-16-le"), "Бабушка"),
        (b"UNICODE\0\xff\xfe" + "marked".encode("utf-16-le"), "marked"),
        (b"UNICODE\0plain after all", "plain after all"),
        (b"JIS\0\0\0\0\0" + "湖の祖母".encode("iso2022_jp"), "湖の祖母"),
        (b"JIS\0\0\0\0\0" + "湖の祖母".encode("shift_jis"), "湖の祖母"),
        (b"\0\0\0\0\0\0\0\0undefined", "undefined"),
        (b"no code at all", "no code at all"),
        (b"ASCII\0\0\0      \0\0\0", None),
        (b"UNICODE\0" + b" \0" * 20, None),
        (b"\0\0\0\0\0\0\0\0\0\0", None),
        (b"", None),
        (None, None),
    ],
)
def test_user_comments_say_their_encoding(raw, expected):
    assert user_comment(raw) == expected


@pytest.mark.parametrize(
    "word",
    [
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "👨\u200d👩\u200d👧",
        "क्\u200dष",
        "🏴\U000e0067\U000e0062\U000e007f",
    ],
)
def test_joiners_are_letters_of_their_words(word):
    assert one_line(word) == word


def test_one_line_has_nothing_that_is_not_shown():
    assert one_line("a\u00adb\ufeff c\u202e\u200ed") == "ab cd"
    assert one_line(" a \n\t b\x1b[2J") == "a b [2J"
    assert one_line("a\u200bb") == "a b"
    assert one_line("end\0after") == "end"
    assert one_line("\u200d \u200c") is None


def test_windows_texts_are_bytes_or_tuples():
    raw = "Geburtstag\0".encode("utf-16-le")
    assert windows_text(raw) == windows_text(tuple(raw)) == "Geburtstag"
    assert windows_text((300,)) is None
    assert windows_text(None) is None
