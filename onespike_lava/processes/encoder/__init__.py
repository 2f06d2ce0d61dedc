"""The binary code of the input layer as a Lava Process."""
