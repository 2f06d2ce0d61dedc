"""From a network to a program: where values lie, which constants, which rows.

planner     : a network's layers in order
schedule    : which arrivals are added up before which phases
buffers     : where values lie in the arena
connections : the records of a layer's synapses
blocks      : the records of a layer's blocks of channels
packing     : weights and tables as the kernels read them
program     : the result
"""
