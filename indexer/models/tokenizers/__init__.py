"""Tokenizers: texts become token ids, through transformers or through a cache that loads in milliseconds."""
