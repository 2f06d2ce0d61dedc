"""A recorder of codes as a Lava Process."""
