"""Front end for spiking networks of SpikingJelly, snnTorch, Norse, sinabs and `exporters.training`.

None of these libraries is imported: their modules are known by the names of their classes, and
what a neuron computes is found by running it.

neurons    : classes of neurons, and how they are called
attributes : the form that a neuron's attributes tell
probe      : the form that a neuron has, found by running it
values     : where steps and samples lie in a tensor
layout     : functions that move, repeat and put together steps
joins      : AND and IAND of residual networks
functions  : what a function's result stands for
tape       : the calls of a module as it runs once
calls      : what each call of it stands for
record     : spikes of the module's neurons on real samples
reading    : a module becomes a `Stepping`
"""
