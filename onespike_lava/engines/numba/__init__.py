"""Engine `numba`: whole networks in integers on register-tiled kernels, compiled once.

engine  : its door: which kernels this processor has, the programs of networks
plan    : from a network to a program
kernels : what is compiled
run     : a program at work

Bytes times bytes, summed in registers: bias, all synapses, thresholds and payloads of a layer
in one pass. A group of images goes through all layers in one thread's memory. Exact for every
wait and weighting; short waits repeat a layer for each step that brings something new.
"""
