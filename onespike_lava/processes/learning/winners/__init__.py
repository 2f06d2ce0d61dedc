"""Neurons of one spike that compete for learning, as a Lava Process."""
