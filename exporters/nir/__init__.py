"""NIR files, there and back.

file    : networks as NIR files, exactly, and networks of others' files
bounds  : what is read of a file at all
own     : a network from the metadata of its nodes
remarks : what nodes do not say of a network
units   : the step, and what an integrator's gain is meant in
nodes   : a network as a graph of NIR nodes
form    : names, shapes and connections of its layers
neurons : layers as NIR's neurons
links   : connections as nodes in a row
kernels : connections in the forms that NIR has
foreign : graphs of other tools
"""
