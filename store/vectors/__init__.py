"""Vector indexes: caches of the catalog's embeddings that answer nearest-neighbour searches."""
