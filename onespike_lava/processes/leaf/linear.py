"""Synaptic input of one step, from payloads of one sample: constants are laid out once.

Engine `numpy` lays its batches out for many samples; here a step of one sample counts.
Products run on BLAS, exact below 2**24 in float32.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from onespike_lava.engines.products import connect
from onespike_lava.layers import CONNECTIONS, PLAIN, Connection, Registry, Shape, Sparse, Synapse
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
    if synapse.weight.shape[2:] == (1, 1) and synapse.window == PLAIN:
        return _place_by_place(synapse, shape, real)
    return _Convolution(synapse, shape, real)


def _place_by_place(synapse: Synapse, shape: Shape, real: Any) -> Linear:
    """A convolution under whose kernels lies the source itself."""
    kernels, wanted = _kernels(synapse, real), synapse.output_shape(shape)

    def product(sent: Values) -> Values:
        return _product(kernels, sent.astype(real).reshape(*kernels.shape[::2], -1), wanted)

    return product


def _kernels(synapse: Synapse, real: Any) -> Values:
    """Kernels [groups, outputs, inputs] of a group."""
    outputs, inputs = synapse.weight.shape[0], synapse.weight[0].size
    return synapse.weight.astype(real).reshape(synapse.groups, outputs // synapse.groups, inputs)


def _product(kernels: Values, columns: Values, shape: Shape) -> Values:
    """Their product with what lies under them, [groups, inputs, places], as [*shape]."""
    if columns.shape[1] == 1:  # a factor per channel
        return (kernels * columns).reshape(shape)
    return (kernels @ columns).reshape(shape)


class _Convolution:
    """A product of the kernels with what lies under them, the positions side by side.

    `under` is [I, rows, columns, *output size]; a kernel position copies one part of the
    padded source.
    """

    def __init__(self, synapse: Synapse, shape: Shape, real: Any) -> None:
        window, (rows, columns) = synapse.window, synapse.weight.shape[2:]
        top, left, _, _ = window.padding
        self.shape = synapse.output_shape(shape)
        self.kernels = _kernels(synapse, real)
        self.padded = np.zeros(window.padded(shape), real)
        self.inner = self.padded[:, top : top + shape[1], left : left + shape[2]]
        self.under = np.empty((shape[0], rows, columns, *self.shape[1:]), real)
        self.columns = self.under.reshape(*self.kernels.shape[::2], -1)
        self.taps = [
            (row, column, self.padded[:, under[0], under[1]])
            for row, column, under in window.taps((rows, columns), self.shape[1:])
        ]  # views [I, *output size]

    def __call__(self, sent: Values) -> Values:
        """Synaptic input [*shape], a new array."""
        self.inner[...] = sent
        for row, column, part in self.taps:
            self.under[:, row, column] = part
        return _product(self.kernels, self.columns, self.shape)
