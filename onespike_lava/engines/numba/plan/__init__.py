"""From a network to a program: where values lie, which constants, which operations.

planner     : a network's layers in order, each by the plan of its class
assembly    : the program in the making, and what a plan is
moving      : plans of the input and of max pools
neurons     : plans of layers of neurons
sent        : what buffers hold, and what of it is sent in a step
schedule    : which arrivals are added up before which phases
buffers     : where values lie in the arena
connections : the records of a layer's synapses
blocks      : the records of a layer's blocks of channels
winograd    : layers that are computed by tiles
picking     : synapses of which few weights live
packing     : weights and tables as the kernels read them
program     : the result
"""
