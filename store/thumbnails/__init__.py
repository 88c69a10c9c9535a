"""Small pictures of photos in files of their own beside the catalog, which may be deleted at any time."""
