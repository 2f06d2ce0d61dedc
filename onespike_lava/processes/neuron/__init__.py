"""The one-spike neuron as a Lava Process."""
