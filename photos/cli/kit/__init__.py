"""Parts that commands and views share: options, tables, progress, streams."""
