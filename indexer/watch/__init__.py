"""Watching of folders: filesystem events become dirty paths. Nothing here reads the catalog or a picture."""
