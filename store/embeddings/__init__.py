"""Spaces, embeddings of photos and texts in them, the log of their changes, and the interface of a cache of them."""
