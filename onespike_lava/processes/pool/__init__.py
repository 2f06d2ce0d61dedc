"""A max pool of first spikes as a Lava Process."""
