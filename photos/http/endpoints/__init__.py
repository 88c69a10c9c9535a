"""Endpoints: the functions that answer requests."""
