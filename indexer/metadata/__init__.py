"""XMP in sidecars and pictures: a forgiving reader whose time and memory are bounded."""

from .namespaces import RDF, XML
from .xml_document import MAX_SIZE, Document, Element, Scope, parse
from .xmp import Xmp, XmpValue, read_packets

__all__ = ["MAX_SIZE", "RDF", "XML", "Document", "Element", "Scope", "Xmp", "XmpValue", "parse", "read_packets"]
