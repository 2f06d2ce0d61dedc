"""What makes an integer network valid: one small function per rule, all violations at once.

Every rule is a generator of messages `layer <i> (<name>): <found>, <limit>; <way out>`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import prod

import numpy as np
from numpy.typing import NDArray

from onespike_lava.errors import InvalidNetworkError
from onespike_lava.layers import (
    Connection,
    Growth,
    Input,
    Integers,
    Layer,
    MaxPool,
    Readout,
    Shape,
    Sparse,
    Spiking,
    Synapse,
)
from onespike_lava.limits import (
    ALL_NEURONS_MAX,
    INPUT_BITS_MAX,
    LAYERS_MAX,
    NAME_BYTES_MAX,
    NEURONS_MAX,
    PAYLOAD_BITS_MAX,
    PAYLOAD_MAX,
    PHASES_MAX,
    STATE_LIMIT,
    WEIGHTINGS,
)
from onespike_lava.model import Model


def validate(network: Model) -> None:
    """Raise `InvalidNetworkError` with every violation, or return in silence."""
    found = list(_network(network)) or list(_unread(network.layers))
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
        raise InvalidNetworkError(
            text if "; " in text else f"{text}; export the network again" for text in found
        )


def _network(network: Model) -> Iterator[str]:
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
    yield from _amount(layers)
    yield from _names([layer.name for layer in layers])
    yield from _order(layers)


def _amount(layers: tuple[Layer, ...]) -> Iterator[str]:
    neurons = [prod(layer.shape) for layer in layers]
    if len(layers) > LAYERS_MAX:
        yield f"layers: {len(layers)} exceed {LAYERS_MAX}; use a shallower network"
    elif max(neurons, default=0) <= NEURONS_MAX and sum(neurons) > ALL_NEURONS_MAX:
        yield f"layers: {sum(neurons)} neurons exceed {ALL_NEURONS_MAX}; use smaller layers"


def _order(layers: tuple[Layer, ...]) -> Iterator[str]:
    for index, layer in enumerate(layers):
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


def _unread(layers: tuple[Layer, ...]) -> Iterator[str]:
    """Layers that would still spike when the readout is done."""
    read = {source for layer in layers if not isinstance(layer, Input) for source in layer.sources}
    for index, layer in enumerate(layers[:-1]):
        if index not in read:
            yield f"layer {index} ({layer.name}): no later layer reads it; leave it out"


def _names(names: list[str]) -> Iterator[str]:
    counts = Counter(names)
    for index, name in enumerate(names):
        size = len(name.encode(errors="surrogatepass"))
        if size > NAME_BYTES_MAX:
            yield f"layer {index}: a name of {size} bytes exceeds {NAME_BYTES_MAX}; rename it"
        elif not name or counts[name] > 1:
            yield f"layer {index}: name {name!r} is empty or not unique; rename it"
        elif not name.isprintable():
            yield f"layer {index}: name {name!r} cannot be printed; rename it"


def _fields(network: Model, layer: Layer) -> Iterator[str]:
    if not layer.shape or len(layer.shape) not in (1, 3) or min(layer.shape) < 1:
        yield (
            f"shape {layer.shape} is neither (C, H, W) nor (F,) of positive sizes; write the file "
            "again"
        )
        return
    if prod(layer.shape) > NEURONS_MAX:
        yield f"shape {layer.shape} has more than {NEURONS_MAX} neurons; use smaller layers"
        return
    if isinstance(layer, Input):
        yield from _input(network, layer)
    if isinstance(layer, (Spiking, Readout)):
        yield from _integers("bias", layer.bias, layer.shape)
        scales = np.asarray(layer.scale)
        if not (np.isfinite(scales).all() and (scales > 0).all()):
            yield "scale: not finite and positive; calibrate with other data"
        if (layer.growth is None) != (network.weighting == "graded"):
            yield f"growth: must be {'absent' if layer.growth else 'present'} in this weighting"
    if isinstance(layer, Readout) and scales.shape not in ((), _places(layer.shape)):
        yield f"scale: {_kind(scales)} is not one number or float64{list(_places(layer.shape))}"
    if isinstance(layer, Spiking):
        yield from _integers("threshold_base", layer.threshold_base, layer.shape)
        forms = (layer.shape[:1], _places(layer.shape))
        if layer.scale.shape not in forms or layer.scale.dtype != np.float64:
            yield f"scale: {_kind(layer.scale)} is not float64[{layer.shape[0]}]"
        if not 1.0 < layer.base <= 2.0:
            yield f"base: {layer.base:g} is outside (1, 2]; export with another base"


def _input(network: Model, layer: Input) -> Iterator[str]:
    limit = min(INPUT_BITS_MAX, network.phases)
    if not 1 <= layer.bits <= limit:
        yield f"input bits: {layer.bits} is outside 1..{limit}; use fewer bits or more phases"
    for name, values in (("low", layer.low), ("step", layer.step)):
        if values.shape not in ((1,), (layer.shape[0],)) or values.dtype != np.float64:
            yield f"{name}: {_kind(values)} is not float64[1] or float64[{layer.shape[0]}]"
        elif not np.isfinite(values).all() or (name == "step" and values.min() <= 0):
            yield f"{name}: must be finite, a step positive; give another input range"


def _integers(name: str, values: Integers, shape: Shape) -> Iterator[str]:
    if values.dtype != np.int32 or values.shape not in (shape[:1], shape, _places(shape)):
        yield f"{name}: {_kind(values)} is not int32[{shape[0]}] or int32{list(shape)}"


def _places(shape: Shape) -> Shape:
    """Dimensions of values per place, (1, H, W)."""
    return (1, *shape[1:])


def _kind(values: NDArray[np.generic]) -> str:
    return f"{values.dtype}{list(values.shape)}"


def _shapes(network: Model, layer: Layer) -> Iterator[str]:
    if isinstance(layer, MaxPool):
        source = network.layers[layer.source].shape
        if len(source) != 3 or len(layer.shape) != 3:
            yield f"a max pool needs (C, H, W), found source {source} and shape {layer.shape}"
            return
        odd = list(_window(layer, source))
        yield from odd
        if odd:
            return
        expected: Shape = (source[0], *layer.window.output_size(source[1:], layer.kernel))
        if expected != layer.shape:
            yield f"shape {layer.shape} is not {expected}, what the pool of {source} gives"
    if isinstance(layer, (Spiking, Readout)):
        for synapse in layer.synapses:
            yield from _synapse(synapse, network.layers[synapse.source].shape, layer.shape)


def _window(part: MaxPool | Synapse, source: Shape) -> Iterator[str]:
    window = part.window
    kernel = part.kernel if isinstance(part, MaxPool) else part.weight.shape[2:]
    parts = (kernel, window.stride, window.padding, window.dilation)
    if [len(each) for each in parts] != [2, 2, 4, 2]:
        yield (
            f"kernel {tuple(kernel)}, stride {window.stride}, padding {window.padding} and "
            f"dilation {window.dilation} must have 2, 2, 4 and 2 numbers"
        )
    elif min(*kernel, *window.stride, *window.dilation) < 1 or min(window.padding) < 0:
        yield (
            f"kernel {tuple(kernel)}, stride {window.stride} and dilation {window.dilation} must "
            f"be positive and padding {window.padding} not negative"
        )
    elif isinstance(part, MaxPool) and max(window.padding) >= max(*kernel):
        yield f"padding {window.padding} reaches beyond the kernel {tuple(kernel)} of a pool"
    elif prod(window.padded(source)) > NEURONS_MAX:
        yield (
            f"padding {window.padding} makes {window.padded(source)} of {source}, more than "
            f"{NEURONS_MAX} values; use less padding"
        )


def _synapse(synapse: Connection, source: Shape, shape: Shape) -> Iterator[str]:
    if isinstance(synapse, Sparse):
        yield from _sparse(synapse, source, shape)
        return
    weight, groups = synapse.weight, synapse.groups
    if weight.dtype != np.int8 or weight.ndim not in (2, 4) or 0 in weight.shape:
        yield f"weight: {_kind(weight)} is not int8[O, I] or int8[O, I/groups, rows, columns]"
        return
    if synapse.kind == "dense":
        inputs = prod(source)
        if weight.shape != (shape[0], inputs) or len(shape) != 1:
            yield f"weight: {weight.shape} does not connect {inputs} inputs to shape {shape}"
        return
    if len(source) != 3:
        yield f"a convolution needs a source (C, H, W), found {source}; use a dense synapse"
        return
    messages = list(_window(synapse, source))
    if groups < 1 or source[0] % groups or weight.shape[0] % groups:
        messages.append(f"groups: {groups} does not divide {source[0]} and {weight.shape[0]}")
    elif weight.shape[1] * groups != source[0]:
        messages.append(f"weight: {weight.shape} in {groups} groups does not read {source}")
    if not messages and synapse.output_shape(source) != shape:
        messages.append(f"shape {shape} is not {synapse.output_shape(source)}, what {source} gives")
    yield from messages


def _sparse(synapse: Sparse, source: Shape, shape: Shape) -> Iterator[str]:
    if len(source) != 3 or len(shape) != 3 or shape[2] != 1:
        yield f"a sparse synapse needs (C, places, 1), found source {source} and shape {shape}"
        return
    for name, kind in (("weight", np.int8), ("indices", np.int32), ("indptr", np.int32)):
        values = getattr(synapse, name)
        if values.dtype != kind or values.ndim != 1:
            yield f"{name}: {_kind(values)} is not {np.dtype(kind)}[n]"
            return
    indptr, indices, signs = synapse.indptr.astype(np.int64), synapse.indices, synapse.signs
    entries, rows, places = len(synapse.weight), prod(shape[1:]), prod(source[1:])
    if len(indices) != entries or len(indptr) != rows + 1:
        yield (
            f"indices: {len(indices)}, indptr: {len(indptr)} are not {entries} (weights) and "
            f"{rows + 1} (places + 1); write compressed sparse rows"
        )
    elif indptr[0] != 0 or indptr[-1] != entries or (np.diff(indptr) < 0).any():
        yield f"indptr: does not rise from 0 to {entries}; write compressed sparse rows"
    elif entries and not 0 <= indices.min() <= indices.max() < places:
        yield f"indices: {indices.min()}..{indices.max()} are outside 0..{places - 1}, the places"
    elif not _rising(indices, indptr):
        yield "indices: do not rise within a row; sort them and sum duplicates"
    if signs.dtype != np.int8 or signs.ndim != 1 or not (np.abs(signs) == 1).all():
        yield f"signs: {_kind(signs)} of {signs.reshape(-1)[:4].tolist()} are not int8 1 or -1"
    elif len(signs) * shape[0] != source[0]:
        yield f"signs: {len(signs)} for each of {shape[0]} channels do not read {source}"


def _rising(indices: Integers, indptr: NDArray[np.int64]) -> bool:
    """Whether places rise strictly within each row."""
    falls = np.flatnonzero(np.diff(indices) <= 0) + 1
    return bool(np.isin(falls, indptr).all())


def _several(network: Model, layer: Layer) -> Iterator[str]:
    if not isinstance(layer, Spiking):
        return
    if not 1 <= layer.max_spikes <= network.phases:
        yield f"max_spikes: {layer.max_spikes} is outside 1..{network.phases} (phases); use fewer"
    elif layer.max_spikes > 1 and layer.growth:
        yield "max_spikes: several spikes need graded weighting; export with that, or with one"


def _sources(network: Model, layer: Layer) -> Iterator[str]:
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


def _tables(network: Model, layer: Layer) -> Iterator[str]:
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


def _bound(network: Model, layer: Layer) -> Iterator[str]:
    if not isinstance(layer, (Spiking, Readout)):
        return
    largest = largest_potential(network, layer)
    if largest >= STATE_LIMIT:
        yield (
            f"potential: {largest} can reach the state limit of {STATE_LIMIT} (24 bits signed); "
            "export with fewer payload bits"
        )
    if isinstance(layer, Spiking):
        threshold = layer.threshold_range[1]
        if threshold >= STATE_LIMIT:
            yield (
                f"threshold: {threshold} exceeds the state limit of {STATE_LIMIT} (24 bits "
                "signed); export with fewer payload bits"
            )


def largest_potential(network: Model, layer: Spiking | Readout) -> int:
    """Largest magnitude that a potential of the layer can take at any step, for any input.

    Positive and negative weights apart, over all synapses (Sec. II-B): also the bound of
    every partial sum in any order.
    """
    positive = negative = np.zeros(len(layer.shape) * (1,), np.float64)
    for synapse in layer.synapses:
        most = _most_from(network, synapse.source, layer.growth)
        above, below = row_sums(synapse, layer.shape)
        positive, negative = positive + above * most, negative + below * most
    bias = np.abs(layer.bias.astype(np.int64))
    bias = bias if bias.ndim > 1 else bias.reshape(-1, *[1] * (len(layer.shape) - 1))
    grown = layer.growth.base**layer.growth.steps if layer.growth else 1.0
    total = np.maximum(positive, negative) + bias * grown + rounding_of(layer.growth)
    return int(np.ceil(total.max()))


def row_sums(synapse: Connection, shape: Shape) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sums of the positive and of the negative weights of each row, both as magnitudes.

    A row is a channel, `[C, 1, 1]`, of a sparse synapse a place, `[1, H, W]`.
    """
    if isinstance(synapse, Sparse):
        return sparse_row_sums(synapse, shape)
    rows = synapse.weight.reshape(shape[0], -1)  # stays int8, for large ones
    form = (-1, *[1] * (len(shape) - 1))
    above = np.maximum(rows, 0).sum(1, dtype=np.int64)
    below = np.minimum(rows, 0).sum(1, dtype=np.int64)
    return above.reshape(form), -below.reshape(form)


def sparse_row_sums(synapse: Sparse, shape: Shape) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """As `row_sums`; a sign of -1 turns the weights' sign."""
    weight = synapse.weight.astype(np.int64)
    added = np.concatenate([[0], np.cumsum(np.maximum(weight, 0))])
    taken = np.concatenate([[0], np.cumsum(np.maximum(-weight, 0))])
    above, below = np.diff(added[synapse.indptr]), np.diff(taken[synapse.indptr])
    plus, minus = int((synapse.signs > 0).sum()), int((synapse.signs < 0).sum())
    form = (1, *shape[1:])
    return (
        (plus * above + minus * below).reshape(form),
        (plus * below + minus * above).reshape(form),
    )


def _most_from(network: Model, source: int, growth: Growth | None) -> float:
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
