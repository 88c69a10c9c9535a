"""Photos, files and folders: the tables about what is on disk, and transactions on them."""
