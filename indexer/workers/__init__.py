"""Worker processes that read and decode files."""
