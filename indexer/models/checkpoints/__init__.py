"""Checkpoints: sources, settings, weights and preprocessing."""
