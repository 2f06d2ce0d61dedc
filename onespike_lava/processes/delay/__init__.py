"""A delay line as a Lava Process."""
