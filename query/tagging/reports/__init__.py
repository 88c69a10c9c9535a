"""Reports on a vocabulary: counts, agreement between sources, lint, taught labels."""
