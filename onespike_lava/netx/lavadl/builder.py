"""Layers of a plain lava-dl file, one after the other.

Its input is spikes from outside, or with neurons of its own real numbers. A layer without neurons
ends it: `dense` adds up what arrives, `average` the spikes of neighbouring outputs; where there is
none, the spikes of each of the last neurons are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.layers import Integers, Layer, Shape, Synapse, TimedReadout, Window
from onespike_lava.limits import ALL_NEURONS_MAX, DELAY_MAX, NEURONS_MAX
from onespike_lava.netx.lavadl.keys import Keys
from onespike_lava.netx.lavadl.neuron import ADDER, read_neuron
from onespike_lava.netx.lavadl.parts import UNIT, counter, driven, spikes, timed
from onespike_lava.netx.lavadl.weights import small_weights

OUTPUTS_MAX = 2**12
"""Most outputs whose spikes are counted, over a connection from each to each, and most channels
of an input with neurons."""

BIAS_MAX = 2**17
"""Shifted by 6 a bias of that leaves 24 bits."""

SIZE_MAX = 2**31 - 1


class Builder:
    """Layers so far, and the delay of the last one's axons."""

    def __init__(self) -> None:
        self.layers: list[Layer] = []
        self.delay: Integers | None = None
        self.neurons = 0

    def add(self, keys: Keys, number: str, last: bool) -> None:
        """A layer of the file."""
        kind = keys.text("type")
        if kind not in self.kinds:
            raise keys.odd("type", f"{kind!r} is not one of {', '.join(self.kinds)}")
        if bool(self.layers) == (kind == "input") and kind not in ("dense", "dense_rec"):
            raise keys.odd("type", f"{kind!r} is in the wrong place; an input comes first, once")
        self.kinds[kind](self, keys, kind + number, last)
        keys.finish()
        if last and self.layers[-1].role != "output":
            self._count(keys, prod(self.source))

    @property
    def source(self) -> Shape:
        """Shape of the last layer."""
        return self.layers[-1].shape

    def _shape(self, keys: Keys) -> Shape:
        """A layer's shape, of a size that a network may have: it costs the file nothing."""
        shape = tuple(keys.whole("shape", 1, SIZE_MAX).reshape(-1).tolist())
        self.neurons += prod(shape)
        if prod(shape) > NEURONS_MAX or self.neurons > ALL_NEURONS_MAX:
            raise keys.odd("shape", f"{list(shape)} makes too large a network; use smaller layers")
        return shape

    def _input(self, keys: Keys, name: str, last: bool) -> None:
        shape = self._shape(keys)
        if len(shape) not in (1, 3):
            raise keys.odd("shape", f"{list(shape)} is neither (C, H, W) nor (F,)")
        neuron = read_neuron(keys.below("neuron"), 1, False)
        if neuron is None:
            self.layers.append(spikes(shape))
            return
        weight = keys.number("weight", -(2**12), 2**12) if "weight" in keys else 64
        bias = keys.number("bias", -(2**12), 2**12) if "bias" in keys else 0
        if weight == 0:
            raise keys.odd("weight", "0 lets nothing in")
        if len(shape) == 3 and shape[0] > OUTPUTS_MAX:
            raise keys.odd("shape", f"{list(shape)} has more than {OUTPUTS_MAX} channels")
        if neuron.keep_u.any():
            text = "neurons of an input that filter its current; only 4096 is read there"
            raise keys.odd("neuron/iDecay", text)
        self.layers += driven(name, shape, neuron, weight, bias)

    def _dense(self, keys: Keys, name: str, last: bool) -> None:
        self._full(keys, name, last, ("weight",))

    def _recurrent(self, keys: Keys, name: str, last: bool) -> None:
        if "delay" in keys:
            text = "SLAYER delays what leaves a recurrent layer, netx also what recurs in it"
            raise keys.odd("delay", text)
        self._full(keys, name, last, ("weight", "weight_rec"))

    def _full(self, keys: Keys, name: str, last: bool, weights: tuple[str, ...]) -> None:
        outputs = prod(self._shape(keys))
        matrices = [(f"{keys.path}/{each}", _matrix(keys, each, outputs)) for each in weights]
        if not self.layers:  # the file names no input
            self.layers.append(spikes(matrices[0][1].shape[1:]))
        inputs, at = prod(self.source), len(self.layers)
        if matrices[0][1].shape[1] != inputs:
            text = f"{matrices[0][1].shape} does not connect {inputs} inputs to {outputs} outputs"
            raise keys.odd("weight", text)
        keys.only("inFeatures", inputs, "inputs of the weights")
        keys.only("outFeatures", outputs, "outputs of the weights")
        found, bits = small_weights(matrices)
        delay, before = _delays(keys, outputs, inputs)
        synapses = [Synapse(at - 1, found[0], delay=self._arriving(before))]
        synapses += [Synapse(at, each) for each in found[1:]]
        self._neurons(keys, name, (outputs,), tuple(synapses), bits, last)
        self.delay = delay

    def _conv(self, keys: Keys, name: str, last: bool) -> None:
        shape, weight = self._shape(keys), keys.array("weight")
        if weight.ndim == 5 and weight.shape[4] == 1:  # the last axis is that of time
            weight = weight[..., 0]
        if weight.ndim != 4 or len(shape) != 3 or len(weight) != shape[0]:
            text = f"{list(weight.shape)} is no kernel [O, I, rows, columns] of {shape}"
            raise keys.odd("weight", text)
        groups = keys.number("groups", 1, SIZE_MAX) if "groups" in keys else 1
        keys.only("inChannels", weight.shape[1] * groups, "channels of weight and groups")
        keys.only("outChannels", shape[0], "channels of the shape")
        if "kernelSize" in keys and keys.pair("kernelSize", 1, SIZE_MAX) != weight.shape[2:]:
            raise keys.odd("kernelSize", f"is not that of the weight, {list(weight.shape[2:])}")
        window = _window(keys)
        (found,), bits = small_weights([(f"{keys.path}/weight", weight)])
        delay, _ = _delays(keys, shape[0], 0)
        synapse = Synapse(len(self.layers) - 1, found, window, groups, self._arriving(None))
        self._neurons(keys, name, shape, (synapse,), bits, last)
        self.delay = delay

    def _flatten(self, keys: Keys, name: str, last: bool) -> None:
        """Nothing: dense synapses read (C, H, W) in that order anyway."""
        size = prod(keys.whole("shape", 1, SIZE_MAX).reshape(-1).tolist())
        if size != prod(self.source):
            raise keys.odd("shape", f"{size} is not the size of {self.source}, what it flattens")

    def _average(self, keys: Keys, name: str, last: bool) -> None:
        groups, size = prod(self._shape(keys)), prod(self.source)
        if not last or size % groups:
            text = f"{groups} outputs of {size} are read where they divide them and nothing follows"
            raise keys.odd("shape", text)
        self._count(keys, groups)

    def _count(self, keys: Keys, groups: int) -> None:
        """Output neurons that count the spikes of each group of the last layer's neurons."""
        size = prod(self.source)
        if self.layers[-1].role == "input":
            raise keys.odd("type", "no layer of neurons stands before the end")
        if size > OUTPUTS_MAX:
            raise keys.odd("shape", f"{size} outputs exceed {OUTPUTS_MAX}, the most to be counted")
        weight = np.repeat(np.eye(groups, dtype=np.int8), size // groups, axis=1)
        synapse = Synapse(len(self.layers) - 1, weight, delay=self._arriving(None))
        self.layers.append(counter(synapse, size // groups))

    def _neurons(
        self,
        keys: Keys,
        name: str,
        shape: Shape,
        synapses: tuple[Synapse, ...],
        bits: int,
        last: bool,
    ) -> None:
        """The layer of these synapses."""
        neuron = read_neuron(keys.below("neuron"), shape[0], last)
        if neuron is None and not last:
            raise keys.odd("neuron", "missing in a layer whose spikes are read; export it again")
        neuron, bias = neuron or ADDER, None
        if "bias" in keys:
            bias = keys.per_channel("bias", -BIAS_MAX, BIAS_MAX, shape[0])
        if last and not neuron.fires:
            parts = neuron.integration(shape, bits, bias)
            self.layers.append(TimedReadout(name, shape, synapses, parts, UNIT))
        else:
            self.layers.append(timed(name, shape, synapses, neuron, bits, bias))

    def _arriving(self, more: Integers | None) -> Integers | None:
        """The delay of what the last layer sends, one number or of its shape."""
        shape, found = self.source, np.zeros(1, np.int32)
        if self.delay is not None:
            found = self.delay.reshape(-1, *[1] * (len(shape) - 1))
        if more is not None:
            found = np.broadcast_to(found if found.size > 1 else found.reshape(-1)[0], shape)
            found = found + more.reshape(shape)
        if not found.any():
            return None
        return found.reshape(1) if found.size == 1 else np.broadcast_to(found, shape)

    kinds: Mapping[str, Callable[[Builder, Keys, str, bool], None]] = {
        "input": _input,
        "dense": _dense,
        "dense_rec": _recurrent,
        "conv": _conv,
        "flatten": _flatten,
        "average": _average,
    }
    """Type of a layer in the file -> what reads it."""


def _matrix(keys: Keys, name: str, outputs: int) -> NDArray[Any]:
    """A matrix [outputs, inputs]; lava-dl writes one of a single row flat."""
    found = keys.array(name)
    flat = found.ndim == 1 and found.size % outputs == 0
    if found.size == 0 or not (flat or (found.ndim == 2 and len(found) == outputs)):
        raise keys.odd(name, f"{list(found.shape)} is no matrix of {outputs} outputs")
    return found.reshape(outputs, -1)


def _delays(keys: Keys, outputs: int, inputs: int) -> tuple[Integers | None, Integers | None]:
    """Delays of the layer's own axons, as SLAYER has them, and those of its inputs."""
    if "delay" not in keys:
        return None, None
    found = keys.whole("delay", 0, DELAY_MAX).reshape(-1)
    if len(found) in (1, outputs):
        return found, None
    if len(found) == inputs:
        return None, found
    raise keys.odd("delay", f"{len(found)} values are neither one nor one a channel, {outputs}")


def _window(keys: Keys) -> Window:
    stride, dilation = (
        keys.pair(name, 1, SIZE_MAX) if name in keys else (1, 1) for name in ("stride", "dilation")
    )
    padding = keys.pair("padding", 0, SIZE_MAX) if "padding" in keys else (0, 0)
    return Window(stride, padding * 2, dilation)
