"""The primitive conversion: the phases of a one-spike conversion become numbers of spikes.

With `a` the 99.9th percentile of a layer's activations, which is the constant of its phase code, a
neuron integrates what arrives, fires at `a / T` and takes that off (soft reset); so `n` spikes
stand for `n a / T`. The image enters whole in step 1, and with it the biases of the neurons that
read it, in which the value of its integer 0 is counted; other biases enter in equal parts in every
step. Weights stay the integers that they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.recipe.provenance import told
from exporters.recipe.recipe import Recipe
from onespike_lava.errors import OptionError, UnsupportedError
from onespike_lava.layers import (
    LAYERS,
    Firing,
    Input,
    Integration,
    Layer,
    MaxPool,
    Readout,
    Registry,
    Reset,
    Spiking,
    Sum,
    Threshold,
    Timed,
    TimedReadout,
)
from onespike_lava.network import Network

STEPS_MAX = 64
"""Most steps of a network of spike counts: beyond, the phases of one spike are the better code."""

CONVERSION = {"normalisation": "p99.9", "scale": "layer", "correct": "none", "levels": "base"}
"""Options of the conversion that is recoded."""

BITS = 8
"""Of the payload there, and of the input's integers, which have as many phases."""

RECODE: Registry[Callable[..., Layer]] = Registry("spike counts", LAYERS)
"""From the network, a layer of it and `T` to the layer of spike counts."""

RECODE.refuse(Timed, Sum, TimedReadout)


def recoded(network: Network, steps: int) -> Network:
    """The network of spike counts over so many steps.

    network : of one-spike neurons in graded weighting, with one constant per layer (`CONVERSION`)

    Raises `OptionError` for other steps than 1 to `STEPS_MAX`.
    """
    check_steps(steps)
    layers = tuple(RECODE.of(layer)(network, layer, steps) for layer in network.layers)
    own = {"self_check", *told(Recipe())}
    known = {key: text for key, text in network.provenance if key not in own}
    known["code"] = "spike counts, thresholds at the 99.9th percentile"
    return Network(layers, steps, 0, "graded", tuple(sorted(known.items())))


def check_steps(steps: Any) -> None:
    """`OptionError` for a number of steps that such networks do not have."""
    whole = hasattr(steps, "__index__") and not isinstance(steps, bool)
    if not whole or not 1 <= steps <= STEPS_MAX:
        raise OptionError(
            f"phases: {steps!r} steps of spike counts; give a whole number of 1..{STEPS_MAX}"
        )


@RECODE.add(Input)
def _entry(network: Network, layer: Input, steps: int) -> Layer:
    return replace(layer, coding="once")


@RECODE.add(MaxPool)
def _pool(network: Network, layer: MaxPool, steps: int) -> Layer:
    return layer


@RECODE.add(Spiking)
def _neurons(network: Network, layer: Spiking, steps: int) -> Layer:
    share = _share(layer, steps)
    flat = layer.threshold_base.reshape(len(layer.scale), -1)[:, 0].astype(np.float64)
    theta = flat * 2.0 ** (layer.payload_bits + 1) * share / steps
    return Timed(
        layer.name,
        layer.shape,
        layer.synapses,
        spread(layer.bias * share, steps, at_once(layer)),
        Threshold(np.maximum(np.rint(theta), 1).astype(np.int32)),
        Reset("subtract"),
        Firing(),
        layer.scale / share,
    )


@RECODE.add(Readout)
def _scores(network: Network, layer: Readout, steps: int) -> Layer:
    if layer.blocks != (1, 1):
        raise UnsupportedError(
            f"{layer.name}: gives a plane in blocks, which networks that step do not have; use "
            "one-spike neurons"
        )
    share = _share(layer, steps)
    integration = spread(layer.bias * share, steps, at_once(layer))
    return TimedReadout(layer.name, layer.shape, layer.synapses, integration, layer.scale / share)


def at_once(layer: Layer) -> bool:
    """Whether a layer reads the image, so that its biases enter with it."""
    return layer.sources[0] == 0


def spread(bias: NDArray[Any], steps: int, at_once: bool) -> Integration:
    """A bias of all steps in equal whole parts; what is left over stands there at the start.

    at_once : all of it stands there
    """
    whole = np.rint(bias).astype(np.int64)
    if at_once:
        return Integration(whole.astype(np.int32))
    drive, start = (each.astype(np.int32) for each in np.divmod(whole, steps))
    return Integration(start, drive=drive if drive.any() else None)


def _share(layer: Layer, steps: int) -> float:
    """By which factor potentials become smaller.

    Behind neurons a unit of payload was `1 / 2**bits` of a constant, and a spike is `1 / T` of it;
    the image's integers are what they were. No one-spike neuron reads both.
    """
    return 1.0 if at_once(layer) else steps / 2.0**BITS
