"""Filesystem events, and the paths they make dirty."""
