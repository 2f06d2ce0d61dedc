"""What makes an integer network valid: one small function per rule, all violations at once.

Every rule is a generator of messages `layer <i> (<name>): <found>, <limit>; <way out>`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from onespike_lava.errors import InvalidNetworkError
from onespike_lava.layers import (
    Growth,
    Input,
    Integers,
    Layer,
    MaxPool,
    Readout,
    Shape,
    Spiking,
    Synapse,
)
from onespike_lava.limits import (
    INPUT_BITS_MAX,
    PAYLOAD_BITS_MAX,
    PAYLOAD_MAX,
    PHASES_MAX,
    STATE_LIMIT,
)

if TYPE_CHECKING:
    from onespike_lava.network import Network

WEIGHTINGS = ("graded", "membrane")


def validate(network: Network) -> None:
    """Raise `InvalidNetworkError` with every violation, or return in silence."""
    found = list(_network(network))
    if not found:  # the rules of layers rely on sound positions
        for rule in (_fields, _shapes, _several, _sources, _tables, _bound):
            found = [
                f"layer {index} ({layer.name}): {message}"
                for index, layer in enumerate(network.layers)
                for message in rule(network, layer)
            ]
            if found:
                break
    if found:
        raise InvalidNetworkError(found)


def _network(network: Network) -> Iterator[str]:
    layers = network.layers
    if not 1 <= network.phases <= PHASES_MAX:
        yield f"phases: {network.phases} is outside 1..{PHASES_MAX}; export with fewer phases"
    if not 0 <= network.wait <= network.phases:
        yield f"wait: {network.wait} is outside 0..{network.phases} (phases); use at most that"
    if network.weighting not in WEIGHTINGS:
        yield f"weighting: {network.weighting!r} is not one of {', '.join(WEIGHTINGS)}"
    if len(layers) < 2 or not isinstance(layers[0], Input) or not isinstance(layers[-1], Readout):
        yield "layers: the first must be the input and the last the readout, found " + (
            ", ".join(type(layer).__name__ for layer in layers) or "none"
        )
    for index, layer in enumerate(layers):
        if not layer.name or [other.name for other in layers].count(layer.name) > 1:
            yield f"layer {index}: name {layer.name!r} is empty or not unique; rename it"
        last = index == len(layers) - 1
        if (isinstance(layer, Input) and index > 0) or (isinstance(layer, Readout) and not last):
            yield f"layer {index} ({layer.name}): only one input and one readout, first and last"
        if isinstance(layer, Input):
            continue
        if not layer.sources:
            yield f"layer {index} ({layer.name}): has no source; connect it to an earlier layer"
        for source in layer.sources:
            if not 0 <= source < index:
                yield (
                    f"layer {index} ({layer.name}): source {source} is not an earlier layer "
                    f"(0..{index - 1}); sort the layers"
                )


def _fields(network: Network, layer: Layer) -> Iterator[str]:
    if not layer.shape or len(layer.shape) not in (1, 3) or min(layer.shape) < 1:
        yield f"shape {layer.shape} is neither (C, H, W) nor (F,) of positive sizes"
        return
    if isinstance(layer, Input):
        yield from _input(network, layer)
    if isinstance(layer, (Spiking, Readout)):
        yield from _integers("bias", layer.bias, layer.shape)
        scales = layer.scale if isinstance(layer, Spiking) else np.array([layer.scale])
        if not (np.isfinite(scales).all() and (scales > 0).all()):
            yield "scale: not finite and positive; calibrate with other data"
        if (layer.growth is None) != (network.weighting == "graded"):
            yield f"growth: must be {'absent' if layer.growth else 'present'} in this weighting"
    if isinstance(layer, Spiking):
        yield from _integers("threshold_base", layer.threshold_base, layer.shape)
        if layer.scale.shape != (layer.shape[0],) or layer.scale.dtype != np.float64:
            yield f"scale: {_kind(layer.scale)} is not float64[{layer.shape[0]}]"
        if not 1.0 < layer.base <= 2.0:
            yield f"base: {layer.base:g} is outside (1, 2]; export with another base"


def _input(network: Network, layer: Input) -> Iterator[str]:
    limit = min(INPUT_BITS_MAX, network.phases)
    if not 1 <= layer.bits <= limit:
        yield f"input bits: {layer.bits} is outside 1..{limit}; use fewer bits or more phases"
    for name, values in (("low", layer.low), ("step", layer.step)):
        if values.shape not in ((1,), (layer.shape[0],)) or values.dtype != np.float64:
            yield f"{name}: {_kind(values)} is not float64[1] or float64[{layer.shape[0]}]"
        elif not np.isfinite(values).all() or (name == "step" and values.min() <= 0):
            yield f"{name}: must be finite, a step positive; give another input range"


def _integers(name: str, values: Integers, shape: Shape) -> Iterator[str]:
    if values.dtype != np.int32 or values.shape not in (shape[:1], shape):
        yield f"{name}: {_kind(values)} is not int32[{shape[0]}] or int32{list(shape)}"


def _kind(values: NDArray[np.generic]) -> str:
    return f"{values.dtype}{list(values.shape)}"


def _shapes(network: Network, layer: Layer) -> Iterator[str]:
    if isinstance(layer, MaxPool):
        source = network.layers[layer.source].shape
        if len(source) != 3 or len(layer.shape) != 3:
            yield f"a max pool needs (C, H, W), found source {source} and shape {layer.shape}"
            return
        yield from _window(layer)
        expected: Shape = (source[0], *layer.window.output_size(source[1:], layer.kernel))
        if expected != layer.shape:
            yield f"shape {layer.shape} is not {expected}, what the pool of {source} gives"
    if isinstance(layer, (Spiking, Readout)):
        for synapse in layer.synapses:
            yield from _synapse(synapse, network.layers[synapse.source].shape, layer.shape)


def _window(part: MaxPool | Synapse) -> Iterator[str]:
    window = part.window
    kernel = part.kernel if isinstance(part, MaxPool) else part.weight.shape[2:]
    if min(*kernel, *window.stride, *window.dilation) < 1 or min(window.padding) < 0:
        yield (
            f"kernel {tuple(kernel)}, stride {window.stride} and dilation {window.dilation} must "
            f"be positive and padding {window.padding} not negative"
        )
    elif isinstance(part, MaxPool) and max(window.padding) >= max(*kernel):
        yield f"padding {window.padding} reaches beyond the kernel {tuple(kernel)} of a pool"


def _synapse(synapse: Synapse, source: Shape, shape: Shape) -> Iterator[str]:
    weight, groups = synapse.weight, synapse.groups
    if weight.dtype != np.int8 or weight.ndim not in (2, 4) or 0 in weight.shape:
        yield f"weight: {_kind(weight)} is not int8[O, I] or int8[O, I/groups, rows, columns]"
        return
    if synapse.kind == "dense":
        inputs = int(np.prod(source))
        if weight.shape != (shape[0], inputs) or len(shape) != 1:
            yield f"weight: {weight.shape} does not connect {inputs} inputs to shape {shape}"
        return
    if len(source) != 3:
        yield f"a convolution needs a source (C, H, W), found {source}; use a dense synapse"
        return
    messages = list(_window(synapse))
    if groups < 1 or source[0] % groups or weight.shape[0] % groups:
        messages.append(f"groups: {groups} does not divide {source[0]} and {weight.shape[0]}")
    elif weight.shape[1] * groups != source[0]:
        messages.append(f"weight: {weight.shape} in {groups} groups does not read {source}")
    if not messages and synapse.output_shape(source) != shape:
        messages.append(f"shape {shape} is not {synapse.output_shape(source)}, what {source} gives")
    yield from messages


def _several(network: Network, layer: Layer) -> Iterator[str]:
    if not isinstance(layer, Spiking):
        return
    if not 1 <= layer.max_spikes <= network.phases:
        yield f"max_spikes: {layer.max_spikes} is outside 1..{network.phases} (phases); use fewer"
    elif layer.max_spikes > 1 and layer.growth:
        yield "max_spikes: several spikes need graded weighting; export with that, or with one"


def _sources(network: Network, layer: Layer) -> Iterator[str]:
    if isinstance(layer, MaxPool) and isinstance(network.layers[layer.source], Input):
        yield "a max pool of the input is not supported; pool the data before"
    if isinstance(layer, MaxPool):
        sender = network.sender(layer.source)
        if isinstance(sender, Spiking) and sender.max_spikes > 1:
            yield (
                f"a max pool passes first spikes, but {sender.name} sends up to "
                f"{sender.max_spikes}; give that layer one spike"
            )
    if isinstance(layer, (Spiking, Readout)):
        codes = {network.code_of(source) for source in layer.sources}
        if len(codes) > 1:
            yield (
                "its sources send different codes (input and hidden layers, or several payload "
                "units, or several bases in membrane weighting); give them one code"
            )
        steps = network.sending_steps(layer.sources[0])
        if layer.growth and layer.growth.steps != steps:
            yield f"growth: {layer.growth.steps} steps, but its source sends in {steps}"


def _tables(network: Network, layer: Layer) -> Iterator[str]:
    growth = layer.growth if isinstance(layer, (Spiking, Readout)) else None
    if growth and not (0 <= growth.fraction_bits <= 8 and 1 <= growth.exponent <= 16):
        yield f"growth: fraction bits {growth.fraction_bits} or exponent {growth.exponent} is odd"
    elif growth and not 1.0 < growth.base <= 2.0:
        yield f"growth: base {growth.base:g} is outside (1, 2]; export again"
    if not isinstance(layer, Spiking):
        return
    rows = (growth.steps,) if growth else ()
    for name, table, shape in (
        ("payload", layer.payload, (network.phases,)),
        ("threshold_table", layer.threshold_table, (*rows, network.phases)),
    ):
        if table.dtype != np.int32 or table.shape != shape:
            yield f"{name}: {_kind(table)} is not int32{list(shape)}"
            return
    top = 1 if growth else PAYLOAD_MAX
    if layer.payload.min() < 1 or layer.payload.max() > top:
        yield (
            f"payload: {layer.payload.min()}..{layer.payload.max()} is outside 1..{top} (0 is "
            "silence); use fewer phases or other payload bits"
        )
    if (np.diff(layer.payload) > 0).any():
        yield "payload: increases from one phase to the next; sort it"
    if layer.threshold_table.min() < 1 or layer.threshold_base.min() < 1:
        yield "threshold: not positive, a resting neuron would fire; use fewer phases"
    if (np.diff(layer.threshold_table, axis=-1) > 0).any() and not growth:
        yield "threshold_table: increases from one phase to the next; sort it"
    if not 1 <= layer.payload_bits <= PAYLOAD_BITS_MAX:
        yield f"payload_bits: {layer.payload_bits} is outside 1..{PAYLOAD_BITS_MAX}"


def _bound(network: Network, layer: Layer) -> Iterator[str]:
    if not isinstance(layer, (Spiking, Readout)):
        return
    largest = largest_potential(network, layer)
    if largest >= STATE_LIMIT:
        yield (
            f"potential: {largest} can reach the state limit of {STATE_LIMIT} (24 bits signed); "
            "export with fewer payload bits"
        )
    if isinstance(layer, Spiking):
        several = layer.max_spikes > 1
        factor = max(int(layer.threshold_table.max()), 2 * int(layer.payload[0]) * several)
        threshold = int(layer.threshold_base.max()) * factor
        if threshold >= STATE_LIMIT:
            yield (
                f"threshold: {threshold} exceeds the state limit of {STATE_LIMIT} (24 bits "
                "signed); export with fewer payload bits"
            )


def largest_potential(network: Network, layer: Spiking | Readout) -> int:
    """Largest magnitude that a potential of the layer can take at any step, for any input.

    Positive and negative weights apart, over all synapses (Sec. II-B): also the bound of
    every partial sum in any order.
    """
    positive = np.zeros(layer.shape[0], np.float64)
    negative = np.zeros(layer.shape[0], np.float64)
    for synapse in layer.synapses:
        rows = synapse.weight.reshape(layer.shape[0], -1).astype(np.int64)
        most = _most_from(network, synapse.source, layer.growth)
        positive += np.maximum(rows, 0).sum(1) * most
        negative += np.maximum(-rows, 0).sum(1) * most
    bias = np.abs(layer.bias.astype(np.int64)).reshape(layer.shape[0], -1).max(1)
    grown = layer.growth.base**layer.growth.steps if layer.growth else 1.0
    total = np.maximum(positive, negative) + bias * grown + rounding_of(layer.growth)
    return int(np.ceil(total.max()))


def _most_from(network: Network, source: int, growth: Growth | None) -> float:
    sender = network.sender(source)
    if isinstance(sender, Input):
        return most_sent(True, 2.0**sender.bits - 1, growth)
    return most_sent(False, float(sender.most_sent), growth)


def most_sent(binary: bool, payload: float, growth: Growth | None) -> float:
    """Most that one source neuron adds to a potential in one sample, per unit of weight.

    binary  : it sends one spike per bit (the input), not a single one
    payload : largest sum of payloads that it sends in a sample, in graded weighting
    """
    if growth is None:
        return payload
    powers = growth.base ** np.arange(growth.steps, dtype=np.float64)
    return float(powers.sum() if binary else powers[-1]) * 2.0**growth.fraction_bits


def rounding_of(growth: Growth | None) -> float:
    """Most that the rounding of growth adds to a potential."""
    return float((0.5 * growth.base ** np.arange(growth.steps)).sum()) if growth else 0.0
