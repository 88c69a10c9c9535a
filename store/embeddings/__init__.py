"""Embeddings, their spaces, and the log of their changes."""
