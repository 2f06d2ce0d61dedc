"""An exact sparse synapse as a Lava Process."""
