"""Checkpoints on disk: their settings, their weights' files, and the hub they come from. Nothing here loads torch."""
