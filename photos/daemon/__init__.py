"""The daemon: it keeps a library up to date and answers searches over a socket in the library; and its client."""
