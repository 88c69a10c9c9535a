"""Backends for torch: devices and precisions, and linear layers in float, packed bfloat16 and int8.

Nothing here knows an architecture.
"""
