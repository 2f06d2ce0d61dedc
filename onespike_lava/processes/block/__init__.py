"""A layer with its synapses as a Lava Process."""
