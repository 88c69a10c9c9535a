"""Commands: each module parses the arguments of one command and calls an operation."""
