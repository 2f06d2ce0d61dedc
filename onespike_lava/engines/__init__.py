"""Engines that run an integer network, all to the same integers.

reference : the method as the paper tells it, slow and plain, the yardstick of the others
numpy     : vectorised, exact, portable
numba     : register-tiled kernels, compiled once
arrivals  : what arrives at neurons, in plain loops, for engine reference
timed     : networks that step, in reference and numpy
products  : synaptic input in float32, exact
memory    : what engine numpy takes per sample
rows      : sums over the rows of a sparse synapse, in NumPy
result    : what a run returns, and how blocks of samples are put together

`onespike_lava.running` has them by name; `processes.engine` is the one in Lava.
"""
