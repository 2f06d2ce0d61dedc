"""An exact dense synapse as a Lava Process."""
