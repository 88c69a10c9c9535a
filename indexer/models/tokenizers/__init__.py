"""Tokenizers of SigLIP checkpoints."""
