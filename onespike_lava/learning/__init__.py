"""Learning by STDP with one spike a neuron, while connections are pruned.

plastic   : a layer that learns, as data
rule      : the rule in integers: winners, updates, pruning, convergence
reference : the same in plain loops, the yardstick
kernels   : the same compiled, driven by events
engine    : a layer learns until it has converged; spikes of a layer that has learnt
latency   : images as steps of spikes
stack     : layers one after the other, kept in a file
pictures  : what neurons have learnt to see
network   : a linear readout, and all of it as a network that any engine runs
"""
