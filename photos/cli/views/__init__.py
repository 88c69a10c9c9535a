"""Views: results as text."""
