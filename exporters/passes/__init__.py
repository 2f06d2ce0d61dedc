"""From a trained network to its spiking form: small passes that keep the function exactly.

pipeline     : all passes in their order, and what a prepared graph must look like
draft        : a graph under reconstruction, what the passes edit
folding      : norms, flattens and idle nodes
concats      : concatenations, split among what reads them
pools        : neurons and synapses for pools, pads, slices and the readout
signed       : values that may be negative
compose      : two linear maps in a row as one
planes       : the ends of a network, uneven pools, enlarged planes
algebra      : the linear maps themselves, in float64
doubling     : two neurons for a value
budget       : how far sums and concatenations may spread
stepping     : both of them for networks that step
"""

from exporters.passes.pipeline import prepare

__all__ = ["prepare"]
