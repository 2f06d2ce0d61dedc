"""The output layer as a Lava Process."""
