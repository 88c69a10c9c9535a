"""The indexing pipeline: survey, read, embed, store."""
