"""What breaks no limit of Loihi 2, but is to be known before deployment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from onespike_lava.loihi import sizes
from onespike_lava.loihi.rules import Case, convolutions


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
    text = (
        "one-spike neurons need microcode of their own (the slot `ncmodels`) or the stock "
        "composition (--stock); see docs/loihi.md"
    )
    yield Note("network", "chip models", text)
    if case.network.weighting == "membrane":
        text = "membrane weighting multiplies the potential at each step; graded needs additions"
        yield Note("network", "weighting", text)


def thresholds(case: Case) -> Iterator[Note]:
    """Thresholds that a stock LIF cannot hold."""
    limit = case.limits["lif_threshold_bits"].number
    for layer in case.network.layers:
        if layer.threshold_range:
            bits = layer.threshold_range[1].bit_length()
            if bits > limit:
                text = f"{bits} bits; a stock LIF holds {limit:g}, a neuron of its own 23"
                yield Note(layer.name, "threshold", text)


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
                text = f"{synapse.window.padding} differs by side; unroll it into a Sparse"
                yield Note(layer.name, "padding", text)


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
    stored = case.network.weights
    if found > room >= stored:
        text = (
            f"{found:,} synapses unrolled exceed {room:,.0f} (8-bit weights, secondary source); "
            f"with shared kernels it is {stored:,}"
        )
        yield Note("network", "synapses", text)


NOTES = (chip_models, thresholds, signs, padding, pools, unrolled)
