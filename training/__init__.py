"""How the demo checkpoint is made, and how good it is. Not part of the installed program."""
