"""Results beyond text: contact sheets, albums, thumbnails, and the system's viewer."""
