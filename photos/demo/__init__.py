"""The sample library, its generator, and the small checkpoint that knows it."""
