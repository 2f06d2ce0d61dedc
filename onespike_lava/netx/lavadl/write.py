"""A network that steps as a plain lava-dl file's tree, where stock LIF neurons express it.

Stock `lava.lib.dl.netx.hdf5.Network` loads such a file and gives the same spikes.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from onespike_lava.errors import UnsupportedError
from onespike_lava.layers import Integers, Layer, Synapse, Timed, TimedReadout
from onespike_lava.model import Model
from onespike_lava.netx.lavadl.fit import MISFITS, Fit, fit
from onespike_lava.netx.lavadl.neuron import HIGHEST
from onespike_lava.netx.lavadl.parts import as_driven, is_counter

Tree = dict[str, NDArray[Any]]


def to_tree(network: Model) -> Tree:
    """Every dataset of a plain file; `UnsupportedError` for what stock LIF neurons have not."""
    tree: Tree = {
        "simulation/Ts": np.array(1),
        "simulation/tSample": np.array(network.phases),
    }
    for number, values in enumerate(_layers(network)):
        tree |= {f"layer/{number}/{key}": value for key, value in values.items()}
    return tree


def remarks(network: Model) -> list[str]:
    """What a plain file leaves out, and the user of it must know; one line each."""
    source, found = network.input, []
    if as_driven(network.layers) is not None:
        found.append(
            "lava-nc has no model of an input with neurons: Network(..., skip_layers=1) takes the "
            "spikes of these"
        )
    elif source.coding in ("constant", "once"):
        when = "in every step" if source.coding == "constant" else "in step 1"
        found.append(
            f"the input's integers are sent {when}: Network(..., input_message_bits={source.bits})"
        )
    if source.coding != "events":
        low, step = (float(each.reshape(-1)[0]) for each in (source.low, source.step))
        found.append(
            f"the input's integers are n = (x - low) / step, low = {low:g}, step = {step:g}"
        )
    if any(
        len(each.synapses) > 1 or any(synapse.delay is not None for synapse in each.synapses)
        for each in network.layers
    ):
        found.append("what recurs or is late reaches over a reset: run one sample at a time")
    if any(each.pruned for each in network.layers):
        found.append("pruned synapses are weights of 0, as many as before")
    if is_counter(network.layers[-1]):
        found.append("the scores are counts of the last layer's spikes")
    return found


def _layers(network: Model) -> Iterator[Tree]:
    """Keys of each layer of the file."""
    layers = network.layers
    if not network.steps:
        raise UnsupportedError(
            "network: its neurons obey a phase code, stock LIF neurons do not; keep the .net file"
        )
    check_chain(network)
    driven = as_driven(layers)
    first = 1 if driven is None else 2
    yield _input(layers[0]) if driven is None else _driven(network, *driven)
    end = len(layers) - is_counter(network.layers[-1])
    for position in range(first, end):
        layer, source = layers[position], layers[position - 1].shape
        if layer.synapses[0].kind == "dense" and len(source) == 3:
            yield {"type": _text("flatten"), "shape": np.array([prod(source)])}
        yield _neurons(network, position)


def check_chain(network: Model) -> None:
    """Raise where a layer is not of neurons that read the one before, and perhaps themselves."""
    for position, layer in enumerate(network.layers):
        if type(layer) not in MISFITS:
            raise UnsupportedError(
                f"{layer.name}: lava-dl's files have no {type(layer).__name__} that stock netx "
                "reads; keep the .net file"
            )
        if position and layer.sources not in ((position - 1,), (position - 1, position)):
            raise UnsupportedError(
                f"{layer.name}: reads layers {list(layer.sources)}, in lava-dl's files each reads "
                "the one before; keep the .net file"
            )
        if not all(isinstance(each, Synapse) for each in layer.synapses):
            raise UnsupportedError(
                f"{layer.name}: a sparse synapse, lava-dl's files have none; keep the .net file"
            )


def _input(layer: Layer) -> Tree:
    return {"type": _text("input"), "shape": np.array(layer.shape)}


def _driven(network: Model, weight: int, bias: int) -> Tree:
    """An input with neurons."""
    neurons = {key: each for key, each in _neurons(network, 1).items() if "/" in key}
    values = {"weight": np.float32(weight), "bias": np.float32(bias)}
    return _input(network.layers[0]) | neurons | {k: np.asarray(v) for k, v in values.items()}


def _neurons(network: Model, position: int) -> Tree:
    """A dense layer or convolution."""
    layer = cast("Timed | TimedReadout", network.layers[position])
    found = fit(network, layer)
    first = layer.synapses[0]
    assert isinstance(first, Synapse)
    values: Tree = {"type": _text(_kind(layer, first)), "shape": np.array(layer.shape)}
    values |= _window(layer, first) if first.kind == "conv" else _sizes(first)
    values |= dict(zip(("weight", "weight_rec"), found.weights, strict=False))
    if found.bias.any():
        values["bias"] = found.bias.astype(np.float32)
    if (delay := _delay(network, position)) is not None:
        values["delay"] = delay.astype(np.float32)
    if (delay is not None or len(layer.synapses) > 1) and _is_driven(network, position):
        raise UnsupportedError(
            f"{layer.name}: recurs or is late, and is driven by a bias, its own or an earlier one, "
            "which stock layers obey before a sample begins; keep the .net file"
        )
    if found.threshold is None and found.adds and not found.bias.any():
        return values  # a layer without neurons adds what arrives
    return values | _neuron(found)


def _kind(layer: Layer, first: Synapse) -> str:
    if len(layer.synapses) == 1:
        return first.kind
    if first.kind == "conv":
        raise UnsupportedError(
            f"{layer.name}: a recurrent convolution, which lava-dl's files have not; keep the .net "
            "file"
        )
    return "dense_rec"


def _sizes(synapse: Synapse) -> Tree:
    outputs, inputs = synapse.weight.shape
    return {"inFeatures": np.array(inputs), "outFeatures": np.array(outputs)}


def _is_driven(network: Model, position: int) -> bool:
    """Whether a bias reaches the layer, which may make spikes before what the input sends does."""
    parts = [each.integration for each in network.layers[1 : position + 1]]  # type: ignore[attr-defined]
    return any(each.drive is not None and each.drive.any() for each in parts)


def _neuron(found: Fit) -> Tree:
    return {
        "neuron/type": _text("CUBA"),
        "neuron/iDecay": np.array(4096 - found.keep_u),
        "neuron/vDecay": np.array(4096 - found.keep_v),
        "neuron/vThMant": np.array(HIGHEST if found.threshold is None else found.threshold),
        "neuron/refDelay": np.array(1),
    }


def _window(layer: Layer, synapse: Synapse) -> Tree:
    window, (outputs, inputs) = synapse.window, synapse.weight.shape[:2]
    top, left, bottom, right = window.padding
    if (top, left) != (bottom, right):
        raise UnsupportedError(
            f"{layer.name}: padding {window.padding} (top, left, bottom, right) is not alike on "
            "both sides, as in lava-dl's files; keep the .net file"
        )
    return {
        "inChannels": np.array(inputs * synapse.groups),
        "outChannels": np.array(outputs),
        "kernelSize": np.array(synapse.weight.shape[2:]),
        "stride": np.array(window.stride),
        "padding": np.array([top, left]),
        "dilation": np.array(window.dilation),
        "groups": np.array(synapse.groups),
    }


def _delay(network: Model, position: int) -> Integers | None:
    """Delays of the layer's axons, which the layer behind it has; else those of the input's.

    Stock netx delays what arrives at a neuron instead, which is the same for one that no bias
    drives, and leaves delays of convolutions out.
    """
    layer, axons = network.layers[position], None
    if position + 1 < len(network.layers):
        axons = network.layers[position + 1].synapses[0].delay
    first, *back = layer.synapses
    outside = first.delay if position == 1 else None
    if axons is None and outside is None and not any(each.delay is not None for each in back):
        return None
    outputs, inputs = first.weight.shape[:2]
    clear = outside is None or (axons is None and inputs != outputs)
    if back or first.kind != "dense" or not clear:
        raise UnsupportedError(
            f"{layer.name}: delays that stock netx does not take, behind a convolution or a "
            "recurrent layer, or of inputs as many as neurons; keep the .net file"
        )
    each, size = (outside, inputs) if axons is None else (axons, outputs)
    assert each is not None
    return np.broadcast_to(each.reshape(-1), (size,))


def _text(value: str) -> NDArray[np.bytes_]:
    return np.array([value.encode()], "S10")
