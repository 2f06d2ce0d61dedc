"""Spiking networks trained as such.

stdp : learning without labels by the order of spikes, pruned meanwhile, and a linear readout
"""
