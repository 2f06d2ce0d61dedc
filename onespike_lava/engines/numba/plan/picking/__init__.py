"""Synapses of few live weights, whose outputs pick the inputs that they read.

choice : which synapses they are
sweep  : what is picked, step by step
"""
