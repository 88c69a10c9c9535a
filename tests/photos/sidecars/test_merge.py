"""Foreign content of a sidecar stays, whichever of our labels are added or removed."""

from __future__ import annotations

import codecs
import shutil
import subprocess
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.decode import HIERARCHICAL, SUBJECT, TAGS, WINDOWS
from photos.errors import SidecarLeft
from photos.sidecars.keyword_edits import Change, edited
from photos.sidecars.merge import paths
from photos.sidecars.packet import Packet
from tests.indexer.decode.test_notes import packet, read_xmp
from tests.indexer.metadata.packets import bag

from .packets import ADOBE, DARKTABLE, merge, values, without_keywords

DOG = {"dog": ["animal"], "animal": [], "beach": ["outdoors"]}
CAT = {"cat": ["animal"], "animal": []}


def test_a_new_sidecar_has_every_level_and_both_kinds_of_paths():
    made = merge(None, DOG).content
    assert values(made) == [
        ["dog", "animal", "beach"],
        ["animal|dog", "beach"],
        ["animal/dog", "beach"],
    ]
    assert made.startswith(b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>')
    assert made.endswith(b'<?xpacket end="w"?>\n')


def test_without_labels_no_sidecar_is_made():
    assert merge(None, {}) is None
    assert merge(None, {}, {SUBJECT: ["Ann"]}) is None


@pytest.mark.parametrize("given", [None, ADOBE.encode(), DARKTABLE.encode(), packet("<dc:subject>Ann</dc:subject>")])
def test_existing_keywords_are_not_written_again(given):
    once = merge(given, DOG).content
    assert merge(once, DOG) is None
    assert merge(once, dict(reversed(DOG.items()))) is None


@pytest.mark.parametrize("given", [ADOBE, DARKTABLE], ids=["adobe", "darktable"])
def test_every_foreign_byte_stays(given):
    content = given.encode()
    new = merge(content, DOG).content
    assert without_keywords(new) == without_keywords(content)
    kept = new
    # Without the inserted lines, the original content is left.
    lines = [line for line in kept.decode().split("\n") if line in given.split("\n")]
    assert [line for line in given.split("\n") if line not in lines] in ([], ['   darktable:history_end="0"/>'])
    assert merge(new, {}).content.replace(b'"0">\n  </rdf:Description>', b'"0"/>') == content


def test_labels_are_appended_to_existing_lists():
    new = merge(ADOBE.encode(), DOG).content
    assert values(new)[:2] == [
        ["Rome", "Ann", "dog", "animal", "beach"],
        ["places|Rome", "Ann", "animal|dog", "beach"],
    ]
    assert "\n     <rdf:li>Ann</rdf:li>\n     <rdf:li>dog</rdf:li>\n" in new.decode()


def test_a_list_of_ours_copies_foreign_keywords_of_others():
    new = merge(ADOBE.encode(), DOG).content
    assert values(new)[2] == ["animal/dog", "beach", "places/Rome", "Ann"]
    gone = new.replace(b"<rdf:li>Ann</rdf:li>\n     <rdf:li>dog</rdf:li>", b"<rdf:li>dog</rdf:li>")
    gone = gone.replace(b"<rdf:li>Ann</rdf:li>\n     <rdf:li>animal|dog</rdf:li>", b"<rdf:li>animal|dog</rdf:li>")
    assert values(merge(gone, DOG).content)[2] == ["animal/dog", "beach", "places/Rome"]


def test_a_new_sidecar_copies_keywords_of_the_picture():
    new = merge(None, DOG, {SUBJECT: ["Ann", "Dog"]}).content
    assert values(new)[0] == ["dog", "animal", "beach", "Ann"]
    assert values(new)[2] == ["animal/dog", "beach", "Ann"]
    assert values(merge(new, DOG, {SUBJECT: ["Bob"]}).content)[0] == ["dog", "animal", "beach", "Bob"]
    assert "Bob" not in values(merge(ADOBE.encode(), DOG, {SUBJECT: ["Bob"]}).content)[0]


@pytest.mark.parametrize(
    "own",
    [
        {SUBJECT: ["Places", "Europe", "Rome", "Anna"], HIERARCHICAL: ["Places|Europe|Rome", "Anna"]},
        {SUBJECT: ["Places", "Europe", "Rome", "Anna"], TAGS: ["Places/Europe/Rome"]},
        {SUBJECT: ["Places", "Europe", "Rome", "Anna"], WINDOWS: ["Places/Europe/Rome"]},
    ],
)
def test_trees_in_the_picture_stay_trees(own):
    new = merge(None, {"sea": ()}, own).content
    single, bars, slashes = values(new)
    assert single == ["sea", "Places", "Europe", "Rome", "Anna"]
    assert set(bars) == {"sea", "Places|Europe|Rome", "Anna"}
    assert set(slashes) == {"sea", "Places/Europe/Rome", "Anna"}
    assert merge(new, {"sea": ()}, own) is None
    assert values(merge(new, {}, own).content) == [[], [], []]


def test_copies_stay_once_another_program_edits_the_list():
    new = merge(None, DOG, {SUBJECT: ["garden"]}).content
    assert read_xmp(new).keywords == ()
    theirs = written_into(new, SUBJECT, "Bob")
    assert read_xmp(theirs).keywords == ("garden", "Bob")
    again = merge(theirs, CAT, {SUBJECT: ["garden", "Bob"]}).content
    assert values(again)[0] == ["animal", "garden", "Bob", "cat"]
    assert values(again)[2] == ["garden", "animal/cat", "Bob"]
    assert values(merge(again, {}).content) == [["garden", "Bob"], [], []]


def test_stale_labels_go_and_foreign_keywords_stay():
    first = merge(packet(bag("dc:subject", "Dog", "sea")), DOG)
    assert first.added == ("animal", "beach", "animal|dog")
    second = merge(first.content, CAT)
    assert values(second.content)[:2] == [["Dog", "sea", "animal", "cat"], ["sea", "animal|cat", "Dog"]]
    assert (second.added, second.removed) == (("cat", "animal|cat"), ("beach", "animal|dog"))
    assert values(merge(second.content, {}).content) == [["Dog", "sea"], [], []]


def test_a_label_that_was_removed_elsewhere_is_added_again():
    new = merge(ADOBE.encode(), DOG).content
    cut = new.replace(b"     <rdf:li>beach</rdf:li>\n", b"", 1)
    assert "beach" not in values(cut)[0]
    assert "beach" in values(merge(cut, DOG).content)[0]


@pytest.mark.parametrize(
    "written",
    [
        packet(attributes='dc:subject="Ann"'),
        packet("<dc:subject>Ann</dc:subject>"),
        packet("<dc:subject><rdf:Bag><rdf:li><![CDATA[Ann]]></rdf:li></rdf:Bag></dc:subject>"),
        packet("<dc:subject><rdf:Seq><rdf:li xml:lang='x-default'>&#65;nn</rdf:li></rdf:Seq></dc:subject>"),
        packet(
            "<dc:subject xmlns:s='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><s:Bag><s:li>Ann</s:li></s:Bag></dc:subject>"
        ),
        packet(
            "<d:subject xmlns:d='http://purl.org/dc/elements/1.1/'><rdf:Alt><rdf:li>Ann</rdf:li></rdf:Alt></d:subject>"
        ),
        packet("<xmp:Rating>3</xmp:Rating></rdf:Description><rdf:Description rdf:about=''>" + bag("dc:subject", "Ann")),
    ],
    ids=["attribute", "text", "cdata", "reference", "prefix of rdf", "prefix of dc", "second description"],
)
def test_every_form_of_a_keyword_is_read(written):
    assert values(merge(written, DOG).content)[0] == ["Ann", "dog", "animal", "beach"]
    assert values(merge(merge(written, DOG).content, {}).content)[0] == ["Ann"]
    assert without_keywords(merge(written, DOG).content) == without_keywords(written)


@pytest.mark.parametrize(
    "written",
    [
        packet("<dc:subject/>"),
        packet("<dc:subject> </dc:subject>"),
        packet("<dc:subject><rdf:Bag/></dc:subject>"),
        packet("<dc:subject><rdf:Bag></rdf:Bag></dc:subject>"),
        packet(attributes='dc:subject=""'),
        packet().replace(b"></rdf:Description>", b"/>"),
        b"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'/>",
        b"<RDF xmlns='http://www.w3.org/1999/02/22-rdf-syntax-ns#'></RDF>",
        b"<RDF xmlns='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns:rdf='urn:x'><Description/></RDF>",
    ],
)
def test_an_empty_list_is_filled(written):
    new = merge(written, DOG).content
    assert values(new)[0] == ["dog", "animal", "beach"]
    assert read_xmp(new).keywords == ()
    assert merge(new, DOG) is None
    assert values(merge(new, {}).content) == [[], [], []]


def test_an_item_with_more_than_text_is_foreign():
    item = "<rdf:li><rdf:Description><rdf:value>dog</rdf:value></rdf:Description></rdf:li>"
    written = packet(f"<dc:subject><rdf:Bag>{item}</rdf:Bag></dc:subject>")
    gone = merge(merge(written, DOG).content, {}).content
    assert item.encode() in gone


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-8"])
@pytest.mark.parametrize("is_marked", [True, False])
def test_a_sidecar_keeps_encoding_and_byte_order_mark(encoding, is_marked):
    marks = {
        "utf-8": codecs.BOM_UTF8,
        "utf-16-le": codecs.BOM_UTF16_LE,
        "utf-16-be": codecs.BOM_UTF16_BE,
        "utf-32-le": codecs.BOM_UTF32_LE,
    }
    if encoding == "utf-32-le" and not is_marked:
        pytest.skip("this encoding is not recognised by its first bytes")
    mark = marks[encoding] if is_marked else b""
    written = mark + ADOBE.replace("Ann", "Änne").encode(encoding)
    new = merge(written, {"Straße": ()}).content
    assert new.startswith(mark)
    assert new[len(mark) :].decode(encoding).count("Straße") == 6
    assert values(new)[0] == ["Rome", "Änne", "Straße"]
    assert merge(new, {}).content == written


def test_characters_outside_the_encoding_become_references():
    written = DARKTABLE.replace("UTF-8", "ISO-8859-1").replace("history_end", "höhe").encode("latin-1")
    new = merge(written, {"海": ()}).content
    assert values(new)[0] == ["海"]
    assert "höhe".encode("latin-1") in new
    assert b"<rdf:li>&#28023;</rdf:li>" in new


def test_line_ends_and_padding_stay():
    written = ADOBE.replace("\n", "\r\n").encode() + b"\0" * 2000
    new = merge(written, DOG).content
    assert new.count(b"\n") == new.count(b"\r\n")
    assert new.endswith(b'<?xpacket end="w"?>' + b"\0" * 2000)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (b"", "not well-formed XML"),
        (b"\xff\xd8\xff\xe0 a picture", "not text in UTF-8"),
        (ADOBE.encode()[:900], "not well-formed XML"),
        (b"<html/>", "not XMP"),
        (b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + packet(), "document type"),
        (packet("<nobody:knows/>"), "prefix nobody"),
        (packet('<dc:subject rdf:resource="urn:x"/>'), "dc:subject is not a list"),
        (packet("<dc:subject><xmp:Rating>3</xmp:Rating></dc:subject>"), "dc:subject is not a list"),
        (b'<?xml version="1.0" encoding="unicode_escape"?>' + packet(), "encoding unicode_escape"),
        (ADOBE.encode("utf-16")[:-1], "not text in UTF-16"),
    ],
)
def test_an_unsupported_sidecar_is_refused(broken, reason):
    with pytest.raises(SidecarLeft, match=reason):
        merge(broken, DOG)


def test_paths_cover_all_parents_and_no_partial_path():
    labels = {"kestrel": ["bird", "raptor"], "raptor": ["bird"], "bird": ["animal"], "sea": ["water"]}
    assert paths(labels, "|") == ["bird|kestrel", "bird|raptor|kestrel", "sea"]
    ladder = {f"{level}{side}": [f"{level + 1}a", f"{level + 1}b"] for level in range(20) for side in "ab"}
    assert len(paths(ladder, "|")) <= 8 * len(ladder)


def test_a_separator_in_a_label_makes_no_second_level():
    new = merge(None, {"black/white": ["effect|filter"], "effect|filter": []}).content
    assert values(new) == [["black/white", "effect|filter"], [], ["effect|filter"]]


def test_our_labels_are_not_read_as_foreign_keywords():
    new = merge(ADOBE.encode(), DOG).content
    assert read_xmp(new).keywords == ("Rome", "Ann")
    assert read_xmp(new).rating == 4
    assert read_xmp(merge(None, DOG).content).keywords == ()


def written_into(content, each, *new):
    """*content* after another program put *new* words into one of its lists."""
    return edited(Packet(content), {each: Change(added=new)})


words = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), min_size=1, max_size=12)
keywords = st.one_of(words, st.sampled_from(["dog", "Dog", "animal", "animal|dog", "a&b", "<x>", "]]>", " sea "]))
vocabularies = st.dictionaries(
    st.one_of(words, st.sampled_from(["dog", "animal", "cat"])), st.lists(st.just("animal"), max_size=1), max_size=4
)


def escaped(word):
    return word.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@given(
    st.tuples(st.lists(keywords, max_size=4), st.lists(keywords, max_size=3), st.lists(keywords, max_size=3)),
    st.booleans(),
    st.dictionaries(st.sampled_from([SUBJECT, HIERARCHICAL, TAGS, WINDOWS]), st.lists(keywords, max_size=2)),
    st.lists(st.tuples(vocabularies, st.integers(0, 2), keywords), min_size=1, max_size=4),
)
def test_foreign_keywords_survive_every_write(foreign, is_pretty, own, steps):
    names = ("dc:subject", "lr:hierarchicalSubject", "digiKam:TagsList")
    inside = "".join(bag(name, *map(escaped, some)) for name, some in zip(names, foreign, strict=True) if some)
    content = packet(inside, 'xmp:Rating="2"')
    if is_pretty:
        content = content.replace(b"><rdf:", b">\n <rdf:").replace(b"></rdf:", b">\n </rdf:")
    expected = [set(words) for words in values(content)]
    now = content
    for labels, at, word in steps:
        merged = merge(now, labels, own)
        now = now if merged is None else merged.content
        assert merge(now, labels, own) is None
        assert without_keywords(now) == without_keywords(content)
        assert {key(label) for label in labels if label.strip()} <= {key(word) for word in values(now)[0]}
        assert all(words <= set(held) for words, held in zip(expected, values(now), strict=True))
        # Another program reads it, and writes a word of its own.
        each = (SUBJECT, HIERARCHICAL, TAGS)[at]
        if word.strip() and word not in Packet(now).values(each):
            now = written_into(now, each, word)
            expected[at].add(word)
    emptied = merge(now, {}, own)
    now = now if emptied is None else emptied.content
    assert all(words <= set(held) for words, held in zip(expected, values(now), strict=True))
    assert all(
        not Packet(now).values(noted) for each in (SUBJECT, HIERARCHICAL, TAGS) for noted in (each.ours, each.copies)
    )


def key(word):
    return unicodedata.normalize("NFC", word).casefold().strip()


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
@pytest.mark.parametrize("given", [None, ADOBE.encode(), DARKTABLE.encode()])
def test_exiftool_reads_our_sidecars(tmp_path, given):
    path = tmp_path / "a.xmp"
    path.write_bytes(merge(given, DOG).content)
    asked = ["-XMP-dc:Subject", "-XMP-lr:HierarchicalSubject", "-XMP-digiKam:TagsList"]
    done = subprocess.run(
        ["exiftool", "-s3", "-sep", ";", "-validate", "-warning", *asked, path],
        capture_output=True,
        text=True,
        check=True,
    )
    validated, *lists = done.stdout.splitlines()
    assert validated == "OK"
    assert [line.split(";") for line in lists] == values(path.read_bytes())


@pytest.mark.skipif(shutil.which("exiv2") is None, reason="exiv2 is not installed")
@pytest.mark.parametrize("given", [None, ADOBE.encode(), DARKTABLE.encode()])
def test_exiv2_reads_our_sidecars(tmp_path, given):
    path = tmp_path / "a.xmp"
    path.write_bytes(merge(given, DOG).content)
    keys = ("Xmp.dc.subject", "Xmp.lr.hierarchicalSubject", "Xmp.digiKam.TagsList")
    asked = [part for key in keys for part in ("-K", key)]
    done = subprocess.run(["exiv2", "-q", "-Pkt", *asked, path], capture_output=True, text=True, check=True)
    lists = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert [lists[key].split(", ") for key in keys] == values(path.read_bytes())
