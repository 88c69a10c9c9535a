"""Access: who may ask for what."""
