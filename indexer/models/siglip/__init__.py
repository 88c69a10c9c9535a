"""The SigLIP architecture: image and text encoders in torch."""
