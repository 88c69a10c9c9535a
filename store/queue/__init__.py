"""Work that many machines share: units of it are deferred in a catalog's transactions, and workers take them."""
