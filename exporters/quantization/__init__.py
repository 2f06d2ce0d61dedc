"""Real numbers as the integers of the file.

network  : from a prepared graph and the codes of its layers to an integer network
outline  : the integer network without its numbers
sources  : which sources a layer's neurons sum, with which real weights
fit      : int8 weights and int32 biases, so that potentials stay within 24 bits
rounding : weights to integers so that their sum is close
"""
