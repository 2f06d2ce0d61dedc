"""A convolution that learns as a Lava Process."""
