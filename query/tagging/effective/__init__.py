"""Effective tags: stored scores and manual tags through the tag rule."""
