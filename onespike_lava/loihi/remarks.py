"""What breaks no limit of Loihi 2, but is to be known before deployment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from onespike_lava import connectivity
from onespike_lava.loihi import sizes
from onespike_lava.loihi.composition import compose, refusals
from onespike_lava.loihi.populations import Neurons
from onespike_lava.loihi.rules import Case, convolutions, signed_bits
from onespike_lava.loihi.stepping import senders
from onespike_lava.rules.recurrence import largest_input
from onespike_lava.schedule import held_back, period


@dataclass(frozen=True)
class Note:
    """A remark on a layer, or on the `network`."""

    layer: str
    topic: str
    text: str

    def __str__(self) -> str:
        """One line."""
        return f"{self.layer}: {self.topic}: {self.text}"


def chip_models(case: Case) -> Iterator[Note]:
    """The neurons are not Lava's own."""
    kind = "timed" if case.network.steps else "one-spike"
    text = (
        f"{kind} neurons need microcode of their own (the slot `ncmodels`) or the stock "
        "composition (--stock); see `onespike explain chip models`"
    )
    yield Note("network", "chip models", text)
    if case.network.weighting == "membrane":
        text = "membrane weighting multiplies the potential at each step; graded needs additions"
        yield Note("network", "weighting", text)


def thresholds(case: Case) -> Iterator[Note]:
    """Thresholds that a stock LIF cannot hold; those of networks that step: `stock_neurons`."""
    if case.network.steps:
        return
    limit = case.limits["lif_threshold_bits"].number
    for layer in case.network.layers:
        if layer.threshold_range:
            bits = layer.threshold_range[1].bit_length()
            if bits > limit:
                text = f"{bits} bits; a stock LIF holds {limit:g}, a neuron of its own 23"
                yield Note(layer.name, "threshold", text)


def stock_neurons(case: Case) -> Iterator[Note]:
    """What Lava's own neurons are not, so that a layer needs others."""
    if case.network.steps:
        for name, text in refusals(case.network, case.limits):
            yield Note(name, "stock neuron", text)


def declared(case: Case) -> Iterator[Note]:
    """Widths that Lava's models declare, which its simulation does not keep to: a chip may."""
    if not case.network.steps or any(refusals(case.network, case.limits)):
        return
    for layer, plan in zip(case.network.layers, compose(case.network), strict=True):
        if plan is None:
            continue
        largest = largest_input(case.network, cast(Neurons, layer)) << plan.shift
        found = {"lif_input_bits": (signed_bits(-largest, largest), "arrive in a step")}
        if plan.subtracts:
            bits = max(each.threshold for each in plan.populations).bit_length()
            found["atrlif_threshold_bits"] = (bits, "are half a threshold of ATRLIF")
        for name, (bits, what) in found.items():
            limit = case.limits[name]
            if bits > limit.number:
                text = f"{bits} bits {what}; Lava declares {limit.number:g} and simulates more"
                yield Note(layer.name, "declared width", text)


def delays(case: Case) -> Iterator[Note]:
    """What axons and recurrent synapses cost."""
    rest = period(case.network) - case.network.phases
    for position, layer in enumerate(case.network.layers):
        late = max((held_back(each, position) for each in layer.synapses), default=0)
        if late:
            text = (
                f"axons hold spikes back up to {late} steps beyond the synapse; samples stand "
                f"{rest} steps more apart"
            )
            yield Note(layer.name, "delays", text)


def fan_in(case: Case) -> Iterator[Note]:
    """Neurons that read more axons than a core of the first Loihi has."""
    limit = case.limits["input_axons"]
    for layer in case.network.layers:
        found = sum(
            connectivity.fan_in(each) * len(senders(case.network, each.source))
            for each in layer.synapses
        )
        if found > limit.number:
            text = (
                f"a neuron reads {found:,} others; a core of the first Loihi has {limit.number:,} "
                f"input axons{limit.mark}, the number of Loihi 2 is not public"
            )
            yield Note(layer.name, "fan-in", text)


def signs(case: Case) -> Iterator[Note]:
    """Weights that Lava's automatic sign mode would change."""
    for layer in case.network.layers:
        for synapse in layer.synapses:
            if sizes.extremes(synapse) == (-128, 0):
                text = (
                    "weights down to -128 and none above 0; give sign_mode=SignMode.MIXED, "
                    "Lava's own choice clips the doubled -256 to -255"
                )
                yield Note(layer.name, "signs", text)


def padding(case: Case) -> Iterator[Note]:
    """Padding that Lava's Conv, with one number per axis, cannot express."""
    for layer in case.network.layers:
        for synapse in convolutions(layer):
            top, left, bottom, right = synapse.window.padding
            if (top, left) != (bottom, right):
                text = (
                    f"{synapse.window.padding} differs by side; in Lava's own Processes it is a "
                    "Sparse"
                )
                yield Note(layer.name, "padding", text)


def taken(case: Case) -> Iterator[Note]:
    """Synapses that are not taken as they are, and what is taken for them."""
    for layer in case.network.layers:
        found = sizes.forms(case.network, layer, case.limits)
        synapses: tuple[Any, ...] = layer.synapses
        for synapse, form in zip(synapses, found, strict=True):
            if form.unrolled:
                how = f"a Sparse of {form.weights:,} weights"
            elif form.merged > 1:
                groups = synapse.groups // form.merged
                how = f"{groups:,} with zeros between, of {form.weights:,} weights"
            else:
                continue
            yield Note(layer.name, "form", f"{_instead_of(case, synapse)} become {how}")


def _instead_of(case: Case, synapse: Any) -> str:
    """What is not taken as it is."""
    if synapse.kind == "dense":
        return f"{synapse.weight.size:,} weights, of which less than half were left by pruning,"
    what, most = "geometry", "conv_geometry"
    if max(sizes.extents(synapse)) <= case.limits[most].number:
        what, most = f"{synapse.groups:,} groups", "conv_groups"
    return f"{what} beyond the {case.limits[most].number} of Lava's Conv"


def relays(case: Case) -> Iterator[Note]:
    """Paths that are longer than a synapse's delay."""
    for position, layer in enumerate(case.network.layers):
        for path in sizes.paths(case.network, case.slots, position):
            count = path.relays(case.limits)
            if count:
                sender = case.network.layers[path.sender].name
                text = (
                    f"spikes of {sender} are {path.longest} steps on their way, a synapse holds "
                    f"{case.limits['delay'].number}: {count:,} relays pass them on"
                )
                yield Note(layer.name, "relays", text)


def pools(case: Case) -> Iterator[Note]:
    """Max pools: Lava has no Process for them."""
    for layer in case.network.layers:
        if layer.kind == "pool":
            text = "a max pool needs microcode of its own or the stock composition"
            yield Note(layer.name, "max pool", text)


def unrolled(case: Case) -> Iterator[Note]:
    """Synapses that fit only as long as convolutions share their kernels."""
    found = sum(sizes.synapses(case.network, layer) for layer in case.network.layers)
    cores = int(case.limits["cores"].number) * case.chips
    room = min(
        case.limits["chip_synapses"].number * case.chips,
        case.limits["core_synapse_bytes"].number * cores,
    )
    stored = sum(each.weights for each in case.sizes)
    if found > room >= stored:
        text = (
            f"{found:,} synapses unrolled exceed {room:,.0f} (8-bit weights, secondary source); "
            f"with shared kernels it is {stored:,}"
        )
        yield Note("network", "synapses", text)


NOTES = (
    chip_models,
    thresholds,
    stock_neurons,
    declared,
    delays,
    fan_in,
    signs,
    padding,
    taken,
    relays,
    pools,
    unrolled,
)
