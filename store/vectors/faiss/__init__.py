"""The vector index in FAISS: exact fp16 rows in memory-mapped files."""
