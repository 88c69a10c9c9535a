"""The catalog and its transactions, and the repositories of folders, files, photos and the library's settings."""
