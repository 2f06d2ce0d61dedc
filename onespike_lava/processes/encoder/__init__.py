"""The input layer as a Lava Process."""
