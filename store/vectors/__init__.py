"""Vector indexes: caches of the catalog's embeddings that find the nearest photos to a vector.

`base` has the interface; each implementation is a package of its own.
"""
