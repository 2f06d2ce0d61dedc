"""Rules of the network as a whole: order, names, amounts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import prod

from onespike_lava.layers import Layer
from onespike_lava.limits import (
    ALL_NEURONS_MAX,
    LAYERS_MAX,
    NAME_BYTES_MAX,
    NEURONS_MAX,
    PHASES_MAX,
    STEPS_MAX,
    TRAINS_MAX,
    WEIGHTINGS,
)
from onespike_lava.model import Model


def network_rules(network: Model) -> Iterator[str]:
    """Phases, wait, weighting, and the order, names and number of layers."""
    layers = network.layers
    most = STEPS_MAX if network.steps else PHASES_MAX
    if not 1 <= network.phases <= most:
        yield f"phases: {network.phases} is outside 1..{most}; export with fewer phases"
    if not 0 <= network.wait <= network.phases:
        yield f"wait: {network.wait} is outside 0..{network.phases} (phases); use at most that"
    if network.weighting not in WEIGHTINGS:
        yield f"weighting: {network.weighting!r} is not one of {', '.join(WEIGHTINGS)}"
    if [each.role for each in (*layers[:1], *layers[1:][-1:])] != ["input", "output"]:
        yield "layers: the first must be the input and the last the readout, found " + (
            ", ".join(type(layer).__name__ for layer in layers) or "none"
        )
    yield from _amount(layers)
    yield from _steps(network)
    yield from _names([layer.name for layer in layers])
    yield from _order(layers)


def _steps(network: Model) -> Iterator[str]:
    """What networks that step may hold, and what no other may."""
    neurons = sum(prod(layer.shape) for layer in network.layers)
    if network.steps and neurons * network.phases > TRAINS_MAX:
        yield (
            f"layers: {neurons} neurons in {network.phases} steps exceed {TRAINS_MAX}; use fewer "
            "steps or smaller layers"
        )
    if network.steps and network.longest_wait < network.wait <= network.phases:
        yield f"wait: {network.wait} is above 0, the only one of such neurons; use 0"
    if not network.proven and not network.steps:
        yield "proven: only networks that step may come without proof of 24 bits; give it"
    for index, layer in enumerate(network.layers):
        where = f"layer {index} ({layer.name})"
        if network.steps and layer.stepping is False:
            yield f"{where}: a {type(layer).__name__} in a network that steps; use Timed.of"
        elif not network.steps and layer.stepping:
            yield f"{where}: a {type(layer).__name__} needs a TimedReadout as the last layer"
        elif not network.steps and getattr(layer, "coding", "binary") != "binary":
            yield f"{where}: coding {layer.coding!r} needs a network that steps; use binary"  # type: ignore[attr-defined]
        elif not network.steps and any(each.delay is not None for each in layer.synapses):
            yield f"{where}: delays need a network that steps; leave them out"


def _amount(layers: tuple[Layer, ...]) -> Iterator[str]:
    neurons = [prod(layer.shape) for layer in layers]
    if len(layers) > LAYERS_MAX:
        yield f"layers: {len(layers)} exceed {LAYERS_MAX}; use a shallower network"
    elif max(neurons, default=0) <= NEURONS_MAX and sum(neurons) > ALL_NEURONS_MAX:
        yield f"layers: {sum(neurons)} neurons exceed {ALL_NEURONS_MAX}; use smaller layers"


def _order(layers: tuple[Layer, ...]) -> Iterator[str]:
    for index, layer in enumerate(layers):
        last = index == len(layers) - 1
        if (layer.role == "input" and index > 0) or (layer.role == "output" and not last):
            yield f"layer {index} ({layer.name}): only one input and one readout, first and last"
        if layer.role == "input":
            continue
        if not layer.sources:
            yield f"layer {index} ({layer.name}): has no source; connect it to an earlier layer"
        for source in layer.sources:
            if source == index and layer.recurs:
                continue
            if not 0 <= source < index:
                yield (
                    f"layer {index} ({layer.name}): source {source} is not an earlier layer "
                    f"(0..{index - 1}); sort the layers"
                )


def unread(layers: tuple[Layer, ...]) -> Iterator[str]:
    """Layers that would still spike when the readout is done."""
    read = {source for at, layer in enumerate(layers) for source in layer.sources if source != at}
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
