"""Lone timed neurons, for tests of the pure functions."""

import numpy as np
import pytest

from onespike_lava.errors import InvalidNetworkError
from onespike_lava.layers import (
    Firing,
    Input,
    Integration,
    Reset,
    Synapse,
    Threshold,
    Timed,
    TimedReadout,
)
from onespike_lava.network import Network
from onespike_lava.neurons import TimedNeuron, at_rest, charge, discharge


def ints(*values):
    return np.array(values, np.int32)


def neuron(phases, decay=None, count=1, spikes=0, floor=None, **parts):
    """A lone neuron's constants: parts as keywords of `Integration`, threshold, reset, payload."""
    threshold, reset = parts.pop("threshold"), parts.pop("reset", Reset())
    payload = parts.pop("payload", ints(1))
    integration = Integration(**{"bias": ints(0), **parts})
    synapse = Synapse(0, np.ones((1, 1), np.int8))
    firing = Firing(payload, spikes, count, floor)
    layer = Timed("one", (1,), (synapse,), integration, threshold, reset, firing, np.ones(1))
    return TimedNeuron.of(layer, phases, decay=decay)


def spikes(neuron, currents):
    """Payloads [T, N] for synaptic input [T, N]."""
    state, sent = at_rest(neuron, 0 * currents[0]), []
    for step, arriving in enumerate(currents, start=1):
        payload, state = discharge(neuron, charge(neuron, state, step, arriving), step)
        sent.append(payload)
    return np.stack(sent)


def one(weights=(60, -40), **parts):
    """A layer of one neuron that reads as many inputs as there are weights."""
    synapse = Synapse(0, np.array([weights], np.int8))
    defaults = {
        "integration": Integration(ints(0)),
        "threshold": Threshold(ints(100)),
        "reset": Reset(),
        "firing": Firing(),
        "scale": np.ones(1),
        "synapses": (synapse,),
    }
    return Timed("one", (1,), **{**defaults, **parts})


def network(layer, phases=6, bits=3, coding="events", **fields):
    inputs = layer.synapses[0].weight.shape[1] if layer.synapses else 2
    entry = Input("in", (inputs,), bits, np.zeros(1), np.ones(1), coding)
    synapse = Synapse(1, np.ones((1, 1), np.int8))
    end = TimedReadout("out", (1,), (synapse,), Integration(ints(0)), 1.0)
    return Network((entry, layer, end), phases, fields.pop("wait", 0), **fields)


def refused(message):
    return pytest.raises(InvalidNetworkError, match=message)
