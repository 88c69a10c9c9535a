"""From embeddings to answers: the language of queries, filters, search, vocabularies and tags.

Names are imported from the rooms (`from query.search import Searcher`); this package itself exports none. From the
ground up: `language` and `vocabulary`, `similarity`, `tagging`, `filters`, `search` and `vocabulary_design`.
"""
