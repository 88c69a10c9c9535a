"""Answers of the API: problems, records, pages, and strips."""
