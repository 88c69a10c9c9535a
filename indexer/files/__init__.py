"""Files on disk: scanning, ignore rules, companions and changes."""
