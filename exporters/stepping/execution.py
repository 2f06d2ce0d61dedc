"""A network that steps in float64: what the integers are held against."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.form import Form
from exporters.graph import Node, Stepping
from exporters.graph.execution import exact

Floats = NDArray[np.float64]

Observe = Callable[[Node, Floats], None]


@dataclass(frozen=True)
class Outcome:
    """What a run gave.

    trains : neuron, input or pool -> what it sent, float64[N, T, *shape]
    values : what the output was in each step, float64[N, T, *shape]
    scores : what is taken of it over the steps, times the factor, float64[N, *shape]
    """

    trains: Mapping[str, Floats]
    values: Floats
    scores: Floats


def frames(network: Stepping, x: Any) -> Floats:
    """Samples as frames float64[N * T, *shape], one for each step."""
    values = np.asarray(x, np.float64)
    if network.input == "constant":
        return np.repeat(values, network.steps, axis=0)
    return values.reshape(-1, *values.shape[2:])


def run(
    network: Stepping,
    x: Any,
    given: Mapping[str, Floats] | None = None,
    observe: Observe | None = None,
) -> Outcome:
    """Run samples [N, *shape], of events [N, T, *shape], through a network in float64.

    given   : neuron -> what it sent, float64[N, T, *shape]: what reads it sees this, so that each
              layer is looked at alone; `Outcome.trains` has the neurons' own spikes all the same
    observe : sees the value of every node, as frames [N * T, *shape], that which readers see
    """
    steps, graph = network.steps, network.graph
    start = frames(network, x)
    values: dict[str, Any] = {}
    trains: dict[str, Floats] = {}
    last = {name: node.name for node in graph.nodes for name in node.inputs}
    output: Any = np.zeros(0)
    for node in graph.nodes:
        inputs = [values[name] for name in node.inputs]
        value: Any = start if node.op == "input" else exact(node, inputs)
        if node.name == graph.output:
            output = potentials(node, inputs[0]) if network.potential else value
        if node.op in ("input", "neuron"):
            trains[node.name] = value.reshape(-1, steps, *value.shape[1:])
        if given is not None and node.name in given:
            value = given[node.name].reshape(value.shape)
        if observe is not None:
            observe(node, value)
        values[node.name] = value
        for name in node.inputs:
            if last[name] == node.name:
                values.pop(name, None)
    output = output.reshape(-1, steps, *output.shape[1:])
    return Outcome(trains, output, taken(output, network))


def potentials(node: Node, currents: Floats) -> Floats:
    """Potentials before reset of a neuron's frames."""
    steps, shape = int(node.attrs["steps"]), currents.shape[1:]
    form = Form.of(node.params, node.attrs).shaped(shape)
    x = np.moveaxis(currents.reshape(-1, steps, *shape), 1, 0)
    return np.moveaxis(form.run(x)[1], 0, 1).reshape(currents.shape)


def taken(values: Floats, network: Stepping) -> Floats:
    """The scores of an output's values [N, T, *shape]."""
    take: dict[str, Callable[[], Any]] = {
        "sum": lambda: values.sum(axis=1),
        "last": lambda: values[:, -1],
        "maximum": lambda: values.max(axis=1),
    }
    return np.asarray(take[network.take]() * network.factor)
