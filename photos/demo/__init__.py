"""The sample library, its generator, and the small checkpoint that was trained on such drawings."""
