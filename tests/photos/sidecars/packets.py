"""Sidecars as other programs write them."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from indexer.decode import HIERARCHICAL, SUBJECT, TAGS
from photos.sidecars.merge import merge as merge_into
from photos.sidecars.merge import open_packet
from photos.sidecars.packet import Packet

#: As Lightroom and Adobe Bridge write them: attributes on lines of their own, padding, a toolkit's name.
ADOBE = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Adobe XMP Core 5.6-c140 79.160451">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:lr="http://ns.adobe.com/lightroom/1.0/"
    xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/"
   xmp:Rating="4"
   crs:Version="15.1"
   crs:ToneCurveName='Medium "Contrast" > x'>
   <!-- a note -->
   <dc:subject>
    <rdf:Bag>
     <rdf:li>Rome</rdf:li>
     <rdf:li>Ann</rdf:li>
    </rdf:Bag>
   </dc:subject>
   <lr:hierarchicalSubject>
    <rdf:Bag>
     <rdf:li>places|Rome</rdf:li>
     <rdf:li>Ann</rdf:li>
    </rdf:Bag>
   </lr:hierarchicalSubject>
   <crs:Look>
    <rdf:Description crs:Name="Adobe Color"/>
   </crs:Look>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
                                                        \n
<?xpacket end="w"?>"""
#: As darktable writes them: everything in attributes, and no packet around it.
DARKTABLE = """<?xml version="1.0" encoding="UTF-8"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 4.4.0-Exiv2">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:darktable="http://darktable.sf.net/"
   darktable:xmp_version="5"
   darktable:history_end="0"/>
 </rdf:RDF>
</x:xmpmeta>
"""


def merge(content, labels, *rest, **named):
    """Merge into a sidecar's content, or into a new sidecar."""
    return merge_into(open_packet(content), labels, *rest, **named)


def values(content):
    """Return the three lists: flat, Lightroom's, digiKam's."""
    packet = Packet(content)
    return [packet.values(each) for each in (SUBJECT, HIERARCHICAL, TAGS)]


def without_keywords(content):
    """Return everything but the lists of keywords, in one form for equal XML."""
    tree = ET.fromstring(content.decode().replace("\ufeff", "").strip())
    tags = {each.tag for shown in (SUBJECT, HIERARCHICAL, TAGS) for each in (shown, shown.ours, shown.copies)}
    for described in tree.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description"):
        for name in tags & set(described.attrib):
            del described.attrib[name]
        for child in [child for child in described if child.tag in tags]:
            described.remove(child)
    return ET.canonicalize(ET.tostring(tree), strip_text=True)
