"""From embeddings to answers: search, vocabularies, and tags."""

from .errors import EmptyQuery, NotInLibrary, Problem, QueryError, Superseded, UnknownVocabulary, VocabularyError
from .scores import cosine_of, logit, probability
from .search import Match, search_text, search_vector
from .tagging import (
    DEFAULT_THRESHOLD,
    RetagReport,
    ScoredTag,
    StoredTagger,
    photo_tags,
    retag,
    tag_counts,
)
from .texts import TextEncoder, TextVectors
from .vocabulary import SHIPPED, parse_vocabulary, read_vocabulary, shipped_vocabulary, write_vocabulary

__all__ = [
    "DEFAULT_THRESHOLD",
    "SHIPPED",
    "EmptyQuery",
    "Match",
    "NotInLibrary",
    "Problem",
    "QueryError",
    "RetagReport",
    "ScoredTag",
    "StoredTagger",
    "Superseded",
    "TextEncoder",
    "TextVectors",
    "UnknownVocabulary",
    "VocabularyError",
    "cosine_of",
    "logit",
    "parse_vocabulary",
    "photo_tags",
    "probability",
    "read_vocabulary",
    "retag",
    "search_text",
    "search_vector",
    "shipped_vocabulary",
    "tag_counts",
    "write_vocabulary",
]
