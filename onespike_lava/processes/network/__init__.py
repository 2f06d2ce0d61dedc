"""A whole one-spike network as a Lava Process."""
