"""Work for a library on a server, done by any number of processes on any number of machines."""
