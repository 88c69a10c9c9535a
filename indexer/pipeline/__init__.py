"""The indexing pipeline: survey, read, decode, embed, store, link and forget."""
