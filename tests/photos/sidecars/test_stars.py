"""Stars in sidecars: those of a person are written, and those of other programs come back."""

from __future__ import annotations

import re

import pytest

from indexer.decode import RATING, rating_of
from photos.sidecars.packet import Packet
from tests.indexer.decode.test_notes import packet, read_xmp

from .packets import ADOBE, DARKTABLE, merge

DOG = {"dog": []}
#: Sidecars that other programs rated, in each form that XMP allows, and their stars.
RATED = {
    "an attribute": (ADOBE.encode(), 4),
    "an element": (packet("<xmp:Rating>3</xmp:Rating>"), 3),
    "a qualified value": (packet("<xmp:Rating rdf:parseType='Resource'><rdf:value>2</rdf:value></xmp:Rating>"), 2),
    "single quotes": (packet("", "xmp:Rating = '-1'"), -1),
    "two namespaces": (packet('<a:Rating xmlns:a="http://ns.adobe.com/xap/1.0/">3.0</a:Rating>'), 3),
}


def stars(content):
    """The stars that other programs see."""
    return rating_of(Packet(content).text(RATING))


@pytest.mark.parametrize("given", [None, DARKTABLE.encode(), packet()])
def test_stars_are_written_and_taken_back(given):
    rated = merge(given, {}, stars=5)
    assert (stars(rated.content), rated.rating.before, rated.rating.after) == (5, None, 5)
    assert merge(rated.content, {}, stars=5) is None
    worse = merge(rated.content, DOG, stars=-1)
    assert (stars(worse.content), worse.rating.before) == (-1, 5)
    none = merge(worse.content, {})
    assert (stars(none.content), none.rating.before, none.rating.after) == (None, -1, None)
    assert merge(none.content, {}) is None


def test_own_stars_are_no_facts_of_the_file():
    rated = merge(None, DOG, stars=5).content
    assert read_xmp(rated).rating is None
    over = merge(ADOBE.encode(), DOG, stars=1).content
    assert (stars(over), read_xmp(over).rating) == (1, 4)


@pytest.mark.parametrize("form", [each for each in RATED if each != "a qualified value"])
def test_stars_of_another_program_come_back(form):
    given, theirs = RATED[form]
    once = merge(given, {}, stars=5).content
    twice = merge(once, {}, stars=1).content
    assert (stars(once), stars(twice), read_xmp(twice).rating) == (5, 1, theirs)
    back = merge(twice, {}).content
    assert (stars(back), read_xmp(back).rating) == (theirs, theirs)
    assert b"Former" not in back


def test_a_rating_in_an_odd_form_is_replaced_or_left():
    given, theirs = RATED["a qualified value"]
    assert read_xmp(given).rating == theirs
    new = merge(given, {}, stars=5).content
    assert (stars(new), read_xmp(new).rating) == (5, theirs)


def test_the_same_stars_of_another_program_stay_its_own():
    assert merge(ADOBE.encode(), {}, stars=4) is None
    assert merge(ADOBE.encode(), {}) is None


def test_later_stars_of_another_program_stay():
    theirs = re.sub(rb"(<xmp:Rating[^>]*>)5<", rb"\g<1>2<", merge(None, {}, stars=5).content)
    assert (stars(theirs), read_xmp(theirs).rating) == (2, 2)
    assert merge(theirs, {}, stars=5) is None
    anew = merge(theirs, {}, stars=4).content
    assert (stars(anew), read_xmp(anew).rating) == (4, 2)
    assert stars(merge(theirs, {}).content) == 2


def test_everything_else_stays_byte_for_byte():
    rated = merge(ADOBE.encode(), {}, stars=1).content
    assert merge(rated, {}).content == ADOBE.encode()
    given = packet("<xmp:Rating>3</xmp:Rating><dc:title>x</dc:title>", "xmp:Label='a'")
    assert merge(merge(given, {}, stars=1).content, {}).content == given


def test_no_list_of_keywords_is_made_for_stars():
    assert b"<dc:subject>" not in merge(None, {}, stars=1).content
