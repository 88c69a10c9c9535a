"""From files to embeddings."""
