"""XMP packets for tests, as text or as bytes."""

from __future__ import annotations

XMP = "http://ns.adobe.com/xap/1.0/"
DC = "http://purl.org/dc/elements/1.1/"
RATING = f"{{{XMP}}}Rating"
SUBJECT = f"{{{DC}}}subject"
DESCRIPTION = f"{{{DC}}}description"
_DECLARED = f'xmlns:xmp="{XMP}" xmlns:dc="{DC}"'


def packet(properties="", attributes="", declared=_DECLARED, outer=""):
    """Return a packet with these properties in one description, as text."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/" {outer}>'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {declared} {attributes}>{properties}</rdf:Description>'
        '</rdf:RDF></x:xmpmeta>\n<?xpacket end="w"?>'
    )


def bag(name, *words, kind="Bag"):
    """Return a list property."""
    return f"<{name}><rdf:{kind}>{''.join(f'<rdf:li>{word}</rdf:li>' for word in words)}</rdf:{kind}></{name}>"


def rated(word="cat", rating=3, **options):
    """Return a packet with one keyword and a rating, as text."""
    return packet(f"<xmp:Rating>{rating}</xmp:Rating>{bag('dc:subject', word)}", **options)
