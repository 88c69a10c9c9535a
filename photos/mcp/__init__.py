"""Tools for assistants: four ways to read a library, by the Model Context Protocol over standard input and output.

The SDK is the extra `photos[mcp]`. Nothing here writes to a library but caches of vectors and small pictures.
"""
