"""Files on disk: walking folders, rules for left-out files, companions, and opening a file. Nothing is decoded here."""
