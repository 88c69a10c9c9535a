"""Namespaces of XMP (ISO 16684-1 and 16684-2, Exif 2.32 for XMP, and those of well-known programs)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XML: Final = "http://www.w3.org/XML/1998/namespace"
DC: Final = "http://purl.org/dc/elements/1.1/"
XMP: Final = "http://ns.adobe.com/xap/1.0/"
XMP_NOTE: Final = "http://ns.adobe.com/xmp/note/"
EXIF: Final = "http://ns.adobe.com/exif/1.0/"
EXIF_EX: Final = "http://cipa.jp/exif/1.0/"
EXIF_AUX: Final = "http://ns.adobe.com/exif/1.0/aux/"
TIFF: Final = "http://ns.adobe.com/tiff/1.0/"
PHOTOSHOP: Final = "http://ns.adobe.com/photoshop/1.0/"
LIGHTROOM: Final = "http://ns.adobe.com/lightroom/1.0/"
DIGIKAM: Final = "http://www.digikam.org/ns/1.0/"
MICROSOFT_PHOTO: Final = "http://ns.microsoft.com/photo/1.0/"

#: Usual prefixes. They stand for their namespaces where a packet does not declare them.
PREFIXES: Final = MappingProxyType(
    {
        "rdf": RDF,
        "xml": XML,
        "x": "adobe:ns:meta/",
        "dc": DC,
        "xmp": XMP,
        "xap": XMP,
        "xmpNote": XMP_NOTE,
        "exif": EXIF,
        "exifEX": EXIF_EX,
        "aux": EXIF_AUX,
        "tiff": TIFF,
        "photoshop": PHOTOSHOP,
        "lr": LIGHTROOM,
        "digiKam": DIGIKAM,
        "MicrosoftPhoto": MICROSOFT_PHOTO,
        "acdsee": "http://ns.acdsee.com/iptc/1.0/",
        "crs": "http://ns.adobe.com/camera-raw-settings/1.0/",
        "mediapro": "http://ns.iview-multimedia.com/mediapro/1.0/",
        "mwg-kw": "http://www.metadataworkinggroup.com/schemas/keywords/",
        "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
        "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
        "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
        "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
        "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    }
)


def canonical(namespace: str) -> str:
    """*namespace* as its specification spells it: programs omit the last `/` or `#`, write capitals, or `https`."""
    return _CANONICAL.get(_plain(namespace), namespace)


def _plain(namespace: str) -> str:
    return namespace.strip().rstrip("/#").lower().replace("https:", "http:", 1)


_CANONICAL: Final = {_plain(namespace): namespace for namespace in PREFIXES.values()}
