"""NIR files, there and back.

file    : networks as NIR files, exactly
nodes   : a network as a graph of NIR nodes
kernels : connections in the forms that NIR has
"""
