"""Moves of files out of the library, with a journal, so that each can be put back."""
