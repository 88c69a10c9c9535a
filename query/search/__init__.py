"""Search: query vectors, ranking, grouping and explanations."""
