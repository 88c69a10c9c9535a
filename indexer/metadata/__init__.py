"""XMP in sidecars and pictures: a forgiving reader whose time and memory are bounded."""

from .embedded import adopt_exif, iptc_in, packets_in
from .namespaces import RDF, XML
from .xml_document import MAX_SIZE, Document, Element, Scope, parse_xml
from .xmp import DEFAULT_LANGUAGE, Xmp, XmpValue, descriptions, read_packets

__all__ = [
    "DEFAULT_LANGUAGE",
    "MAX_SIZE",
    "RDF",
    "XML",
    "Document",
    "Element",
    "Scope",
    "Xmp",
    "XmpValue",
    "adopt_exif",
    "descriptions",
    "iptc_in",
    "packets_in",
    "parse_xml",
    "read_packets",
]
