"""Layers that have learnt as a network: latency input, one-spike neurons, a linear readout.

The readout sums its potential over the steps, so that a spike of step `t` counts `T + 1 - t` times
its weight: the readout is linear in how early features come.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onespike_lava.data.samples import as_array
from onespike_lava.errors import DataError
from onespike_lava.layers import (
    Firing,
    Input,
    Integration,
    Layer,
    MaxPool,
    Reset,
    Shape,
    Synapse,
    Threshold,
    Timed,
    TimedReadout,
    Window,
)
from onespike_lava.learning.plastic import Plastic
from onespike_lava.learning.rule import Times
from onespike_lava.learning.stack import Stage, passed
from onespike_lava.limits import WEIGHT_MAX
from onespike_lava.network import Network

CLASSES_MAX = 4096
"""Most classes of a readout."""


def features(
    stages: Sequence[Stage], layers: Sequence[Plastic], times: Times
) -> tuple[Times, tuple[int, ...]]:
    """Steps of the spikes behind the last pool, and the live synapses passed in each layer."""
    counts = []
    for stage, layer in zip(stages, layers, strict=True):
        times, integrations = passed(stage, layer, times)
        counts.append(integrations)
    return times, tuple(counts)


def numbered(labels: ArrayLike, samples: int) -> NDArray[Any]:
    """Labels as an array [N], integers of 0 .. classes - 1; `DataError` for anything else."""
    wanted = f"one integer of 0..{CLASSES_MAX - 1} for each of {samples} samples"
    known = as_array(labels, "labels", wanted)
    whole = known.shape == (samples,) and known.dtype.kind in "iu"
    if not whole or not samples or not 0 <= known.min() <= known.max() < CLASSES_MAX:
        raise DataError(
            f"labels: {known.dtype}{list(known.shape)} is not {wanted}, of which there must be "
            "some; number the classes"
        )
    return known


def fit(
    times: Times, labels: ArrayLike, steps: int, strength: float = 0.1
) -> tuple[NDArray[np.int8], NDArray[np.int32]]:
    """The readout by least squares: weights int8[classes, features], bias int32[classes].

    times    : [N, C, H, W], steps of the features' spikes
    labels   : [N], 0 .. classes - 1
    steps    : `T`
    strength : of the penalty on squared weights, relative to the mean of the squared features

    Raises `DataError` for labels that do not fit.
    """
    known = numbered(labels, len(times))
    flat = times.reshape(len(times), -1).astype(np.float64)
    early = np.where(flat > 0, steps + 1 - flat, 0)
    wanted = np.eye(int(known.max()) + 1)[known]
    mean, aim = early.mean(axis=0), wanted.mean(axis=0)
    early -= mean
    products = early.T @ early
    ridge = strength * max(np.trace(products) / len(products), 1.0)
    weight = np.linalg.solve(products + ridge * np.eye(len(products)), early.T @ (wanted - aim)).T
    scale = WEIGHT_MAX / np.abs(weight).max(initial=1e-9)
    bias = (aim - weight @ mean) * scale / steps  # it counts in every step
    return np.rint(weight * scale).astype(np.int8), np.rint(bias).astype(np.int32)


def network(
    stages: Sequence[Stage],
    layers: Sequence[Plastic],
    shape: Shape,
    steps: int,
    readout: tuple[NDArray[np.int8], NDArray[np.int32]] | None = None,
    provenance: tuple[tuple[str, str], ...] = (),
) -> Network:
    """The network, whose samples are steps of spikes, integers 0 .. `steps`, [*shape].

    readout : weights and bias of `fit`; without, one output that reads nothing
    """
    bits = steps.bit_length()
    found: list[Layer] = [Input("input", shape, bits, np.zeros(1), np.ones(1), coding="latency")]
    for number, (stage, layer) in enumerate(zip(stages, layers, strict=True), 1):
        live = None if layer.live.all() else layer.live
        synapse = Synapse(len(found) - 1, layer.weight, layer.window, live=live)
        found.append(_neurons(f"conv{number}", synapse, found[-1].shape, stage.rule.threshold))
        if stage.pool > 1:
            window = Window((stage.pool, stage.pool))
            kernel = (stage.pool, stage.pool)
            size = window.output_size(found[-1].shape[1:], kernel)
            plane = (found[-1].shape[0], *size)
            found.append(MaxPool(f"pool{number}", plane, len(found) - 1, kernel, window))
    values = prod(found[-1].shape)
    none = np.zeros((1, values), np.int8), np.zeros(1, np.int32)
    weight, bias = readout or none
    found.append(
        TimedReadout(
            name="readout",
            shape=(len(weight),),
            synapses=(Synapse(len(found) - 1, weight),),
            integration=Integration(bias),
            scale=1.0,
            take="sum",
        )
    )
    return Network(tuple(found), steps, 0, provenance=tuple(sorted(provenance)))


def _neurons(name: str, synapse: Synapse, source: Shape, threshold: int) -> Timed:
    shape = synapse.output_shape(source)
    return Timed(
        name=name,
        shape=shape,
        synapses=(synapse,),
        integration=Integration(np.zeros(shape[0], np.int32)),
        threshold=Threshold(np.full(shape[0], threshold, np.int32)),
        reset=Reset(),
        firing=Firing(max_spikes=1),
        scale=np.full(shape[0], 1 / WEIGHT_MAX),
    )
