"""The one-spike neuron over time: pure steps, the same for any arithmetic.

clock       : steps of a layer's own clock
integration : how the potential moves with what arrives
firing      : when a neuron spikes and what it sends
pools       : the first spike of each window, the largest payloads
timed       : the neuron of networks that step
streams     : the same from sample to sample, on the network's clock

A step takes a layer's constants, its state and what arrives, and returns what it sends and
the new state. Lava models wrap these functions; they hold for int32 arrays (`fixed`), real
numbers (`floating`) or exact fractions alike.

Steps count from 1, as in Lava. A layer's clock begins at its `start`: integration step `t`
of sample `n` is at step `start + n * T + t`, output phase `k` at `start + n * T + T_w + k`
(Sec. V-C2). With `T_w > 0` a neuron still fires for one sample while it integrates the
next, hence two potentials.
"""

from onespike_lava.neurons.clock import clock
from onespike_lava.neurons.firing import Neuron, State, advance, fire, threshold_row
from onespike_lava.neurons.integration import (
    GRADED,
    Arithmetic,
    Membrane,
    Values,
    fixed,
    floating,
    integrate,
    read_out,
)
from onespike_lava.neurons.pools import pool, window_maximum
from onespike_lava.neurons.streams import Stream, StreamState, read, send, silent
from onespike_lava.neurons.timed import (
    TimedNeuron,
    TimedState,
    at_rest,
    charge,
    discharge,
    kept,
)

__all__ = [
    "GRADED",
    "Arithmetic",
    "Membrane",
    "Neuron",
    "State",
    "Stream",
    "StreamState",
    "TimedNeuron",
    "TimedState",
    "Values",
    "advance",
    "at_rest",
    "charge",
    "clock",
    "discharge",
    "fire",
    "fixed",
    "floating",
    "integrate",
    "kept",
    "pool",
    "read",
    "read_out",
    "send",
    "silent",
    "threshold_row",
    "window_maximum",
]
