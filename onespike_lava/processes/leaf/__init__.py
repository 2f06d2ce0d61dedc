"""A whole network in one ProcessModel.

steps    : all layers, one step after the other
linear   : synapses of a step
recorder : spikes noted where the host reads them
"""
