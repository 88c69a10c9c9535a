"""Reading of files, in threads or in reader processes that a broken file cannot take the program down with."""
