"""Synaptic input of one step, from payloads of one sample: constants are laid out once.

Engine `numpy` lays its batches out for many samples; here a step of one sample counts.
Products run on BLAS, exact below 2**24 in float32.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from onespike_lava.engines.products import connect
from onespike_lava.layers import CONNECTIONS, Connection, Registry, Shape, Sparse, Synapse
from onespike_lava.neurons import Values

Linear = Callable[[Values], Values]
"""From payloads [*source shape] to synaptic input [*shape], in the floating type of both."""


LINEAR: Registry[Callable[[Any, Shape, Any], Linear]] = Registry("leaf of engine lava", CONNECTIONS)


def linear(synapse: Connection, shape: Shape, real: Any = np.float32) -> Linear:
    """The function of a synapse whose source has a shape; `real` is the type it computes in."""
    return LINEAR.of(synapse)(synapse, shape, real)


@LINEAR.add(Sparse)
def _sparse(synapse: Sparse, shape: Shape, real: Any) -> Linear:
    return lambda sent: connect(synapse, sent[None].astype(np.float32))[0]


@LINEAR.add(Synapse)
def _dense_or_conv(synapse: Synapse, shape: Shape, real: Any) -> Linear:
    if synapse.kind == "dense":
        matrix = synapse.weight.astype(real)
        return lambda sent: matrix @ sent.reshape(-1).astype(real)
    return _Convolution(synapse, shape, real)


class _Convolution:
    """A product of the kernels with what lies under them, the positions side by side.

    `under` is [I, rows, columns, *output size]; a kernel position copies one part of the
    padded source.
    """

    def __init__(self, synapse: Synapse, shape: Shape, real: Any) -> None:
        outputs, _, rows, columns = synapse.weight.shape
        window, groups = synapse.window, synapse.groups
        top, left, _, _ = window.padding
        self.shape = synapse.output_shape(shape)
        self.kernels = synapse.weight.astype(real).reshape(groups, outputs // groups, -1)
        self.padded = np.zeros(window.padded(shape), real)
        self.inner = self.padded[:, top : top + shape[1], left : left + shape[2]]
        self.under = np.empty((shape[0], rows, columns, *self.shape[1:]), real)
        self.columns = self.under.reshape(groups, self.kernels.shape[2], -1)
        self.taps = [
            (row, column, self.padded[:, under[0], under[1]])
            for row, column, under in window.taps((rows, columns), self.shape[1:])
        ]  # views [I, *output size]

    def __call__(self, sent: Values) -> Values:
        """Synaptic input [*shape], a new array."""
        self.inner[...] = sent
        for row, column, part in self.taps:
            self.under[:, row, column] = part
        if self.columns.shape[1] == 1:  # a factor per channel
            return (self.kernels * self.columns).reshape(self.shape)
        return (self.kernels @ self.columns).reshape(self.shape)
