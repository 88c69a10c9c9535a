"""Server: sockets, connections with limits, and worker threads."""
