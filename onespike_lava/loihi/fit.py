"""How much of a chip a network takes, and how fast it runs: the fit table.

The share is a lower bound by public numbers: it counts neurons, state and weights, and
neither microcode, routing tables nor the gaps of a mapping. `unrolled` is the same with a
weight stored per synapse, as if no kernel were shared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from numpy.typing import ArrayLike

from onespike_lava.errors import DataError, OptionError
from onespike_lava.layers import Layer
from onespike_lava.loihi import sizes
from onespike_lava.loihi.limits import LOIHI2, SHORTEST_STEP
from onespike_lava.loihi.sizes import Limits
from onespike_lava.model import wait_of
from onespike_lava.network import Network
from onespike_lava.schedule import period, schedule, total_steps
from onespike_lava.system.progress import Progress, silent
from onespike_lava.system.tables import Table, shown


@dataclass(frozen=True)
class LayerFit:
    """What one layer, or with the name `all` the network, takes.

    neurons  : its own and the relays of paths into it
    weights  : stored once each, in the forms of the chip (`onespike_lava.loihi.sizes`); `synapses`:
               pairs of neurons that they connect
    state_bits : of all these neurons
    spikes   : per sample, None if not measured; the readout sends none
    share    : of one chip, at least; `binds`: neurons, memory or synapses, whichever is most
    unrolled : the share if each synapse stored its weight
    """

    name: str
    type: str
    neurons: int
    weights: int
    synapses: int
    state_bits: int
    spikes: float | None
    share: float
    binds: str
    unrolled: float


COLUMNS = (
    "layer",
    "type",
    "neurons",
    "weights",
    "synapses",
    "state bits",
    "spikes",
    "share",
    "binds",
)


@dataclass(frozen=True, repr=False)
class Fit:
    """The fit table and the timing of a network.

    layers : one per layer, then `all`
    steps_per_sample : of a stream, `T`, more where axons delay
    latency_steps : until a sample's scores
    step_time : microseconds, None if not given; rates and latency follow from it
    """

    layers: tuple[LayerFit, ...]
    chips: int
    steps_per_sample: int
    latency_steps: int
    step_time: float | None = None

    def __repr__(self) -> str:
        """One line: how much of a chip the whole takes, how long a sample."""
        whole = self.layers[-1]
        share = f"at least {whole.share:.2%} of a chip, {whole.binds} bind"
        return f"Fit({share}; {self.latency_steps} steps until a sample's scores)"

    def _repr_html_(self) -> str:
        """What a notebook shows: the line of `repr`, the layers, the timing."""
        return shown(self, self.table(), self.timing())

    def table(self) -> Table:
        """The layers, one a row; `all` is the last."""
        return Table([_row(layer) for layer in self.layers], (*COLUMNS, "unrolled"))

    def timing(self) -> Table:
        """Steps, and what follows from them where a step's time is given."""
        rows: list[tuple[str, object]] = [
            ("steps per sample in a stream", self.steps_per_sample),
            ("steps until a sample's scores", self.latency_steps),
        ]
        if self.step_time:
            rows += [
                ("step time", f"{self.step_time:g} us"),
                ("samples per second", f"{self.samples_per_second:,.0f}"),
                ("latency", f"{self.latency:,.1f} us"),
            ]
        return Table(rows)

    @property
    def samples_per_second(self) -> float | None:
        """Rate of a stream of samples at the given step time."""
        return 1e6 / (self.steps_per_sample * self.step_time) if self.step_time else None

    @property
    def latency(self) -> float | None:
        """Microseconds until the scores of one sample."""
        return self.latency_steps * self.step_time if self.step_time else None

    def summary(self) -> dict[str, Any]:
        """The figures as JSON-ready values."""
        return {
            "layers": [asdict(layer) for layer in self.layers],
            "chips": self.chips,
            "steps_per_sample": self.steps_per_sample,
            "latency_steps": self.latency_steps,
            "step_time_us": self.step_time,
            "samples_per_second": self.samples_per_second,
            "latency_us": self.latency,
            "shortest_step_us": SHORTEST_STEP.number,
        }


def _row(layer: LayerFit) -> tuple[str, ...]:
    return (
        layer.name,
        layer.type,
        f"{layer.neurons:,}",
        f"{layer.weights:,}",
        f"{layer.synapses:,}",
        f"{layer.state_bits:,}",
        "" if layer.spikes is None else f"{layer.spikes:,.1f}",
        f"{layer.share:.2%}",
        layer.binds,
        f"{layer.unrolled:.2%}",
    )


def fit(
    network: Network,
    x: ArrayLike | None = None,
    *,
    wait: int | None = None,
    chips: int = 1,
    step_time: float | None = None,
    limits: Limits = LOIHI2,
    progress: Progress = silent,
) -> Fit:
    """The fit table of a network.

    x         : samples [N, *input shape] whose spikes are counted, if given
    step_time : microseconds per step
    progress  : told how many samples are done

    Raises `DataError` for samples that do not fit, `OptionError` for wait, chips or step time.
    """
    wait = check_options(network, wait, chips, step_time)
    spikes = spikes_per_sample(network, x, wait, progress)
    slots = schedule(network, wait)
    rows = [
        _layer(layer, sizes.size(network, slots, position, wait, limits), position, limits, spikes)
        for position, layer in enumerate(network.layers)
    ]
    return Fit(
        layers=(*rows, _total(rows, limits)),
        chips=chips,
        steps_per_sample=period(network),
        latency_steps=total_steps(network, wait, 1),
        step_time=step_time,
    )


def check_options(
    network: Network, wait: int | None, chips: int, step_time: float | None = None
) -> int:
    """The wait, the network's own for None; `OptionError` for a value outside its range."""
    wait = wait_of(network, wait)
    if chips < 1:
        raise OptionError(f"chips: {chips} is below 1; give the chips that the network may take")
    if step_time is not None and not step_time > 0:
        raise OptionError(f"step time: {step_time:g} is not positive; give microseconds per step")
    return wait


def spikes_per_sample(
    network: Network, x: ArrayLike | None, wait: int, progress: Progress = silent
) -> dict[str, float]:
    """Layer -> spikes per sample, counted by the engine; empty without samples."""
    if x is None:
        return {}
    run = network.run(x, wait=wait, progress=progress)
    if not len(run.scores):
        raise DataError("x: no samples; give at least one")
    return {name: count / len(run.scores) for name, count in run.spikes.items()}


def _layer(
    layer: Layer, size: sizes.Size, position: int, limits: Limits, spikes: Mapping[str, float]
) -> LayerFit:
    placed = size.neurons if position else 0  # the input is sent from outside
    share, binds = _share(limits, placed, size.state_bits, size.weights)
    return LayerFit(
        name=layer.name,
        type=layer.kind,
        neurons=size.neurons,
        weights=size.weights,
        synapses=size.synapses,
        state_bits=size.state_bits,
        spikes=spikes.get(layer.name),
        share=share,
        binds=binds,
        unrolled=_share(limits, placed, size.state_bits, size.synapses)[0],
    )


def _total(rows: list[LayerFit], limits: Limits) -> LayerFit:
    neurons = sum(row.neurons for row in rows[1:])
    weights, synapses = sum(row.weights for row in rows), sum(row.synapses for row in rows)
    bits = sum(row.state_bits for row in rows)
    counted = [row.spikes for row in rows if row.spikes is not None]
    share, binds = _share(limits, neurons, bits, weights)
    return LayerFit(
        name="all",
        type="",
        neurons=neurons,
        weights=weights,
        synapses=synapses,
        state_bits=bits,
        spikes=sum(counted) if counted else None,
        share=share,
        binds=binds,
        unrolled=_share(limits, neurons, bits, synapses)[0],
    )


def _share(limits: Limits, neurons: int, bits: int, weights: int) -> tuple[float, str]:
    """Largest share of a chip's resources, and which it is."""
    cores = limits["cores"].number
    shares = {
        "neurons": max(
            neurons / limits["chip_neurons"].number,
            neurons / (limits["core_neurons"].number * cores),
        ),
        "memory": (bits / 8 + weights) / (limits["core_bytes"].number * cores),
        "synapses": max(
            weights / limits["chip_synapses"].number,
            weights / (limits["core_synapse_bytes"].number * cores),
        ),
    }
    binds = max(shares, key=shares.__getitem__)
    return shares[binds], binds if shares[binds] else ""
