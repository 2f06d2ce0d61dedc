"""A whole network in one ProcessModel.

network  : all layers, one step after the other
steps    : each class of layers with its state
timed    : those of networks that step
linear   : synapses of a step
recorder : spikes noted where the host reads them
"""
