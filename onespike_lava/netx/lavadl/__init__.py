"""Plain lava-dl netx files: networks of LIF neurons that SLAYER trains and stock Lava loads.

keys    : values of one group, each taken once and strictly
neuron  : the neurons LOIHI and CUBA
weights : numbers of up to 9 bits as int8 and a shift, both ways
parts   : layers as such files have them
builder : layers of a file, one after the other
read    : a file's tree as a network that steps
fit     : whether stock LIF neurons are what a layer is
write   : a network that steps as a file's tree
"""

from onespike_lava.netx.lavadl.read import from_tree
from onespike_lava.netx.lavadl.write import remarks, to_tree

__all__ = ["from_tree", "remarks", "to_tree"]
