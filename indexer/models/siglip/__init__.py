"""The SigLIP architecture: its two towers, and the encoders of pictures and texts made of them."""
