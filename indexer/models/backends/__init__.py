"""Backends that run an encoder: numpy, bfloat16, int8, and devices."""
