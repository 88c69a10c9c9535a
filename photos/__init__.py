"""The program: command line, settings, and the demo."""
