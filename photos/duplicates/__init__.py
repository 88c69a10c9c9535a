"""Duplicates: perceptual hashes, near pairs, groups, and removable files."""
