"""Describing: captions, words and read texts by other models, made by passes over chosen photos and shown."""
