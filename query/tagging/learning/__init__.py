"""Calibration, and labels taught by example."""
