"""Models: checkpoints, spaces side by side, and trials of them."""
