"""The process that keeps a library up to date answers searches, over a socket in the library; and how it is asked."""
