"""One sparse matrix for all channels as a Lava Process."""
