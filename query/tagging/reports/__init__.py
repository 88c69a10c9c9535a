"""Reports on a vocabulary: counts, lint, taught labels."""
