"""Sidecars: XMP files beside pictures, into which tags are written when the user asks for it."""
