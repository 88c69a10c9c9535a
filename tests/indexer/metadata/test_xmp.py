"""Properties of XMP, well-formed and broken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.metadata import read_packets
from tests.indexer.metadata.packets import DC, DESCRIPTION, RATING, SUBJECT, XMP, bag, packet, rated

CREATE_DATE = f"{{{XMP}}}CreateDate"


def facts(*contents):
    """Return rating and keywords of packets, text or bytes."""
    xmp = read_packets(*(each if isinstance(each, bytes) else each.encode() for each in contents))
    return xmp.text(RATING), xmp.texts(SUBJECT)


def test_all_forms_of_a_property_are_read():
    forms = [
        packet(attributes='xmp:Rating="3"'),
        packet("<xmp:Rating>3</xmp:Rating>"),
        packet('<xmp:Rating rdf:parseType="Resource"><rdf:value>3</rdf:value></xmp:Rating>'),
        packet('<xmp:Rating rdf:resource="3"/>'),
        packet("<xmp:Rating><rdf:Description><rdf:value>3</rdf:value></rdf:Description></xmp:Rating>"),
        packet('<xmp:Rating><rdf:Description rdf:value="3"/></xmp:Rating>'),
    ]
    assert [read_packets(each.encode()).text(RATING) for each in forms] == ["3"] * len(forms)


def test_lists_texts_and_languages():
    xmp = read_packets(
        packet(
            bag("dc:subject", "dog", "", "a &amp; b") + '<dc:description><rdf:Alt><rdf:li xml:lang="de">Hund</rdf:li>'
            '<rdf:li xml:lang="x-default">Dog</rdf:li></rdf:Alt></dc:description>'
        ).encode()
    )
    assert xmp.texts(SUBJECT) == ("dog", "a & b")
    assert xmp.languages(DESCRIPTION) == {"de": "Hund", "x-default": "Dog"}
    assert xmp.text(DESCRIPTION) == "Dog"
    assert xmp.text(CREATE_DATE) is None
    assert xmp.texts(CREATE_DATE) == ()
    assert set(xmp.names()) == {SUBJECT, DESCRIPTION}


def test_structures_have_fields():
    region = '<rdf:li rdf:parseType="Resource"><dc:title>Ann</dc:title><dc:type>Face</dc:type></rdf:li>'
    other = '<rdf:li><rdf:Description dc:title="Bob"/></rdf:li>'
    xmp = read_packets(packet(f"<dc:source><rdf:Seq>{region}{other}</rdf:Seq></dc:source>").encode())
    value = xmp.value(f"{{{DC}}}source")
    assert value is not None
    assert [each.fields[f"{{{DC}}}title"].text for each in value.items] == ["Ann", "Bob"]


def test_properties_of_nested_structures_are_no_others():
    inner = '<dc:source><rdf:Description xmp:Rating="5"/></dc:source>'
    assert read_packets(packet(inner).encode()).text(RATING) is None


def test_a_list_in_several_descriptions_is_joined():
    text = packet(bag("dc:subject", "dog"))
    end = "</rdf:Description>"
    more = f'{end}<rdf:Description rdf:about="" xmlns:dc="{DC}">{bag("dc:subject", "cat")}{end}'
    assert facts(text.replace(end, more))[1] == ("dog", "cat")


@pytest.mark.parametrize(
    "content",
    [
        rated().replace("<xmp:Rating>", "<Camera:Trait>x</Camera:Trait><xmp:Rating>"),
        rated(attributes='GImage:Mime="image/jpeg"'),
        rated(declared=""),
        rated(declared='xmlns:xmp="http://ns.adobe.com/xap/1.0" xmlns:dc="http://purl.org/dc/elements/1.1"'),
        rated(declared="", outer=f'xmlns:xmp="{XMP}" xmlns:dc="{DC}"'),
        rated(attributes='xmp:Label="a & b"'),
        rated(attributes='xmp:Label="a" xmp:Label="b"'),
        rated().replace("<xmp:Rating>", "<dc:title>a\x02b\x0b</dc:title><xmp:Rating>"),
        rated().replace("<xmp:Rating>", "<dc:title>&#x1; &#55357; &nbsp; &b; R&D 1 < 2</dc:title><xmp:Rating>"),
        rated().replace("<xmp:Rating>", "<dc:title>a<br>b<BR>c</dc:title><xmp:Rating>"),
        rated().replace("<xmp:Rating>", "<dc:title>a</Title></i><xmp:Rating>"),
        rated().replace("</rdf:Bag>", ""),
        rated().replace("<rdf:Bag>", ""),
        rated().replace("<xmp:Rating>", '<dc:title x="1" x="2"/>' * 20 + "<xmp:Rating>"),
        rated() + "\0" * 3000,
        b"\0\0\0" + rated().encode(),
        b"\0" + rated().encode(),
        rated(attributes='xmp:Label="a<b"'),
        rated(attributes='xmp:Label=a xmp:Nickname="b"'),
        rated(attributes='xmp:Label="a"xmp:Nickname="b"'),
        rated(attributes='1a="b"'),
        rated(declared=f'xmlns:xmp="{XMP}" xmlns:dc="{DC.replace("http:", "https:")}"'),
        rated().replace("<rdf:RDF", "<!-- a -- b --><?xml version='1.0'?><rdf:RDF"),
        "<?xml version='1.0'?>" * 2 + rated(),
        " " * 500 + rated() + " " * 2000,
        "junk" + rated() + "<junk",
        rated() + "\n" + rated("dog", 5),
        rated() + "<?xml version='1.0'?>" + rated("dog", 5),
        rated().replace("</rdf:Description></rdf:RDF></x:xmpmeta>", ""),
        rated()[: rated().index("</rdf:Bag>")],
        rated().encode() + b"\xff\xfe",
        rated().encode("utf-16"),
        rated().encode("utf-16-le"),
        rated().encode("utf-16-be"),
        rated().encode("utf-16-be") + b"\0" * 77,
        rated().encode("utf-32"),
        rated().encode("utf-8-sig"),
        b"<?xml version='1.0' encoding='UTF-16'?>" + rated().encode(),
        b"<?xml version='1.0' encoding='martian'?>" + rated().encode(),
    ],
)
def test_what_other_readers_understand_is_read(content):
    assert facts(content) == ("3", ("cat",))


@pytest.mark.parametrize("encoding", ["iso-8859-1", "windows-1252", "koi8-r", "iso-8859-5", "shift_jis", "gb18030"])
def test_declared_encodings_are_read(encoding):
    word = {"koi8-r": "кот", "iso-8859-5": "кот", "shift_jis": "猫", "gb18030": "猫"}.get(encoding, "Kätzchen")
    text = f'<?xml version="1.0" encoding="{encoding}"?>' + rated(word).replace("\ufeff", "")
    assert facts(text.encode(encoding)) == ("3", (word,))


def test_bytes_of_another_encoding_cost_no_letter():
    assert facts(rated("Stra\xdfe é").encode().replace("\xdf".encode(), b"\xdf"))[1] == ("Stra\xdfe é",)


def test_joiners_stay_in_words():
    words = ("\u0645\u06cc\u200c\u062e\u0648", "\U0001f468\u200d\U0001f469")
    assert facts(packet(bag("dc:subject", *words)))[1] == words


def test_an_earlier_packet_counts_before_a_later_one():
    assert facts(packet(bag("dc:subject", "dog")), rated("cat", 5)) == ("5", ("dog",))
    assert facts(b"broken", rated()) == ("3", ("cat",))


def test_entities_of_a_document_type_are_not_read():
    billion = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
    assert facts(billion + rated("&b;")) == (None, ())
    assert facts('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + rated("&a;")) == (None, ())


@given(st.binary(max_size=300))
def test_any_bytes_are_survived(content):
    read_packets(content)
    read_packets(rated().encode() + content)


@given(st.data())
def test_any_damage_is_survived(data):
    content = bytearray(
        rated("Kätzchen", attributes='xmp:Label="a"').encode(data.draw(st.sampled_from(["utf-8", "utf-16"])))
    )
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=10)) or b"<"
    xmp = read_packets(bytes(content))
    assert all(xmp.text(name) is None or xmp.texts(name) for name in xmp.names())
