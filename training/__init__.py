"""Training and evaluation of the demo checkpoint. Not part of the installed program."""
