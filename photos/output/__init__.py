"""Output files and viewers: contact sheets, albums, thumbnails, JSON records."""
