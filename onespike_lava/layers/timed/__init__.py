"""Layers of networks that step: the timed neuron, of which the one-spike neuron is a setting.

parts   : integration, threshold, reset, firing, as plain data
decay   : how a state is kept from one step to the next, in integers
neuron  : a layer of such neurons
readout : output neurons that may leak, fire and reset
total   : spikes of several layers added
"""

from onespike_lava.layers.timed.decay import DECAYS, ONE
from onespike_lava.layers.timed.neuron import Timed
from onespike_lava.layers.timed.parts import RESETS, Firing, Integration, Reset, Threshold
from onespike_lava.layers.timed.readout import TAKES, TimedReadout
from onespike_lava.layers.timed.total import Sum

__all__ = [
    "DECAYS",
    "ONE",
    "RESETS",
    "TAKES",
    "Firing",
    "Integration",
    "Reset",
    "Sum",
    "Threshold",
    "Timed",
    "TimedReadout",
]
