"""Captions of describers in sidecars: written where there is no other, and taken back without a trace."""

from __future__ import annotations

import pytest

from indexer.decode import DESCRIPTION, DESCRIPTION_BY, SUBJECT
from photos.sidecars.captions import GivenCaption
from photos.sidecars.packet import Packet
from tests.indexer.decode.test_notes import packet, read_xmp

from .packets import ADOBE, DARKTABLE, merge

DOG = {"dog": []}
GIVEN = GivenCaption("A dog & a <cat>.", "florence@1a2b")
NONE = GivenCaption()


def alternatives(*items, name="dc:description"):
    inside = "".join(f'<rdf:li xml:lang="{language}">{text}</rdf:li>' for language, text in items)
    return f"<{name}><rdf:Alt>{inside}</rdf:Alt></{name}>"


#: Captions of other programs, in the forms that are met, and what is read of them.
CAPTIONED = {
    "for everybody": (packet(alternatives(("x-default", "Ann"))), "Ann"),
    "in one language": (packet(alternatives(("x-default", " "), ("de", "Anna"))), "Anna"),
    "an attribute": (packet("", 'dc:description="Ann"'), "Ann"),
    "a plain text": (packet("<dc:description>Ann</dc:description>"), "Ann"),
    "of a camera": (packet(alternatives(("x-default", "OLYMPUS DIGITAL CAMERA"))), None),
    "a title": (packet(alternatives(("x-default", "Rome"), name="dc:title")), "Rome"),
    "of EXIF": (
        packet('<tiff:ImageDescription xmlns:tiff="http://ns.adobe.com/tiff/1.0/">Ann</tiff:ImageDescription>'),
        "Ann",
    ),
    "a comment": (packet('<exif:UserComment xmlns:exif="http://ns.adobe.com/exif/1.0/">Ann</exif:UserComment>'), "Ann"),
}
#: Sidecars without a caption, some with an empty one.
BARE = {
    "none": None,
    "of Lightroom": ADOBE.encode(),
    "of darktable": DARKTABLE.encode(),
    "empty": packet(alternatives(("x-default", ""))),
    "an empty attribute": packet("", 'dc:description=""'),
    "an empty element": packet("<dc:description/>"),
    "no item": packet("<dc:description><rdf:Alt/></dc:description>"),
}


def same(one, other):
    """The number of bytes at the start that are the same."""
    return next(at for at, (left, right) in enumerate(zip(one, other, strict=False)) if left != right)


def shown(content):
    """The caption that other programs see."""
    return Packet(content).text(DESCRIPTION)


def facts(content):
    """The caption that indexing reads as the file's own."""
    notes = read_xmp(content)
    return notes.caption or notes.comment or notes.title


@pytest.mark.parametrize("form", BARE)
def test_a_caption_is_written_replaced_and_taken_back(form):
    first = merge(BARE[form], {}, caption=GIVEN)
    assert (first.caption.before, first.caption.after) == (None, GIVEN.text)
    assert (shown(first.content), facts(first.content)) == (GIVEN.text, None)
    assert Packet(first.content).text(DESCRIPTION_BY) == "florence@1a2b"
    assert Packet(first.content).xmp.languages(DESCRIPTION.tag) == {"x-default": GIVEN.text}
    assert merge(first.content, {}, caption=GIVEN) is None
    other = merge(first.content, {}, caption=GivenCaption("A dog.", "qwen@host"))
    assert (other.caption.before, shown(other.content)) == (GIVEN.text, "A dog.")
    assert Packet(other.content).text(DESCRIPTION_BY) == "qwen@host"
    gone = merge(other.content, {}, caption=NONE)
    assert (gone.caption.before, gone.caption.after, shown(gone.content)) == ("A dog.", None, None)
    assert b"description" not in gone.content
    assert merge(gone.content, {}, caption=NONE) is None


@pytest.mark.parametrize("form", ["of Lightroom", "of darktable"])
def test_everything_else_stays_byte_for_byte(form):
    given, written = BARE[form], merge(BARE[form], {}, caption=GIVEN).content
    kept = same(given, written) + same(given[::-1], written[::-1])
    # The slash of a single tag goes.
    assert kept >= len(given) - given.count(b"/>\n </rdf:RDF>")


def test_the_bytes_come_back_when_the_caption_goes():
    for given in (ADOBE.encode(), packet("<dc:title/>", "xmp:Label='a'")):
        written = merge(given, {}, caption=GIVEN).content
        assert merge(written, {}, caption=NONE).content == given


@pytest.mark.parametrize("form", CAPTIONED)
def test_captions_of_others_are_never_replaced(form):
    given, theirs = CAPTIONED[form]
    assert facts(given) == theirs
    assert merge(given, {}, caption=GIVEN) is None
    assert merge(given, {}, caption=NONE) is None
    tagged = merge(given, DOG, caption=GIVEN)
    assert tagged.caption is None
    assert (Packet(tagged.content).values(SUBJECT), facts(tagged.content)) == (["dog"], theirs)


def test_a_caption_stays_unless_it_is_asked_for():
    written = merge(None, {}, caption=GIVEN).content
    assert merge(written, {}) is None
    assert shown(merge(written, DOG).content) == GIVEN.text


def test_a_caption_that_a_person_changed_is_theirs():
    theirs = merge(None, {}, caption=GIVEN).content.replace(
        b'"x-default">A dog &amp; a &lt;cat&gt;.', b'"x-default">Rex'
    )
    assert (shown(theirs), facts(theirs)) == ("Rex", "Rex")
    assert merge(theirs, {}, caption=GivenCaption("A brown dog.", "qwen@host")) is None
    assert merge(theirs, {}, caption=NONE) is None


def test_a_caption_in_another_language_is_theirs():
    ours = merge(None, {}, caption=GivenCaption("A dog.", "qwen@host")).content
    theirs = ours.replace(b"</rdf:li>", b'</rdf:li><rdf:li xml:lang="de">Mein Rex</rdf:li>', 1)
    assert (shown(theirs), facts(theirs)) == ("A dog.", "Mein Rex")
    assert merge(theirs, {}, caption=GIVEN) is None


def test_copies_by_other_programs_count_as_ours():
    ours = merge(None, {}, caption=GivenCaption("A dog.", "qwen@host")).content
    copied = ours.replace(
        b"<dc:description>",
        b'<tiff:ImageDescription xmlns:tiff="http://ns.adobe.com/tiff/1.0/"><rdf:Alt><rdf:li xml:lang="x-default">'
        b"A  dog.</rdf:li></rdf:Alt></tiff:ImageDescription><dc:description>",
    )
    assert facts(copied) is None
    assert shown(merge(copied, {}, caption=GIVEN).content) == GIVEN.text


def test_a_caption_that_came_later_elsewhere_takes_ours_back():
    ours = merge(None, {}, caption=GIVEN).content
    titled = ours.replace(
        b"<dc:description>", alternatives(("x-default", "Rome"), name="dc:title").encode() + b"<dc:description>"
    )
    new = merge(titled, {}, caption=GIVEN)
    assert (new.caption.before, shown(new.content), facts(new.content)) == (GIVEN.text, None, "Rome")


@pytest.mark.parametrize("text", ["default", "\x00\x01", " \n", ""])
def test_what_no_reader_takes_for_a_caption_is_not_written(text):
    assert merge(None, {}, caption=GivenCaption(text, "qwen@host")) is None


def test_odd_characters_make_no_broken_sidecar():
    given = GivenCaption("a\x0bb\ufffe\ud800c\u2028\"d' 狗 ]]>", "odd\u2028\x1bname")
    content = merge(None, {}, caption=given).content
    assert shown(content) == "a b c \"d' 狗 ]]>"
    assert facts(content) is None
    assert merge(content, {}, caption=given) is None


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1"])
def test_the_encoding_of_a_sidecar_stays(encoding):
    given = ADOBE.replace("\ufeff", "").replace("<?xpacket", f'<?xml version="1.0" encoding="{encoding}"?><?xpacket', 1)
    content = merge(given.encode(encoding), {}, caption=GivenCaption("Ein Hündchen", "qwen@host")).content
    assert "Ein Hündchen" in content.decode(encoding)
    assert (shown(content), facts(content)) == ("Ein Hündchen", None)
