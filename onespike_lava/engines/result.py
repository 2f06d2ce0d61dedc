"""What a run returns, and how engines that work in blocks put it together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from onespike_lava.errors import OptionError
from onespike_lava.layers import Code, Shape
from onespike_lava.model import Model
from onespike_lava.system.progress import Count, uncounted
from onespike_lava.system.tables import Table, shown


class Data(Protocol):
    """The input layer's integers, an array uint8[N, *shape] or whatever gives such slices."""

    def __len__(self) -> int: ...

    def __getitem__(self, block: slice, /) -> NDArray[np.uint8]: ...


Codes = list[NDArray[np.uint8]]
RunBlock = Callable[["Model", NDArray[np.uint8], int], tuple[NDArray[np.int64], Codes]]


@dataclass(frozen=True)
class Result:
    """Integers that an engine computed.

    scores : int64[N, outputs]
    spikes : spikes of each layer but the readout, in the network's order
    codes  : uint8[N, *shape of its code] for each layer but the readout, or None if not recorded
    """

    scores: NDArray[np.int64]
    spikes: Sequence[int]
    codes: Sequence[NDArray[np.uint8]] | None


class Trains(dict[str, NDArray[np.uint8]]):
    """Codes by layer of a run that has none: its network steps, and has trains."""

    def __missing__(self, layer: str) -> NDArray[np.uint8]:
        raise OptionError(
            f"codes of {layer}: networks that step have none; take trains({layer!r}), the payload "
            "of each neuron in each step"
        )


@dataclass(frozen=True, repr=False)
class Run:
    """The outcome of `Network.run`.

    scores   : int64[N, outputs], potentials of the readout after the last phase
    spikes   : layer -> spikes over all samples, input included, readout not
    codes    : layer -> uint8[N, *shape], phase of the spike, 0 = silent (input: its integer;
               of several spikes uint8[N, max_spikes, *shape], their phases in order); empty
               unless recorded, and of networks that step, which have `trains`
    engine, wait : what computed it
    clipped  : input values outside the input range
    rounding : largest distance of an input value from the grid, in steps
    places   : rows times columns of the readout: 1 where a sample has one class, more of dense
               outputs, of a graph its nodes
    levels   : steps of the input grid that the values span, None where they lie on it
    over_steps : int64[N, T, outputs], scores after each step, where asked for
    currents, potentials : layer -> int32[N, T, *shape], `u` and `v` that each output phase decides
                 on, before the reset, where asked for; of networks that step
    recorded : layer -> its code and what an engine notes of its spikes, empty unless recorded
    phases   : `T`
    """

    scores: NDArray[np.int64]
    spikes: Mapping[str, int]
    codes: Mapping[str, NDArray[np.uint8]]
    engine: str
    wait: int
    clipped: int
    rounding: float
    places: int = 1
    levels: int | None = None
    over_steps: NDArray[np.int64] | None = None
    currents: Mapping[str, NDArray[np.int32]] = field(default_factory=dict)
    potentials: Mapping[str, NDArray[np.int32]] = field(default_factory=dict)
    recorded: Mapping[str, tuple[Code, NDArray[np.uint8]]] = field(default_factory=dict)
    phases: int = 0

    @classmethod
    def of(cls, **fields: Any) -> Run:
        """What `Run(...)` makes of all its fields, in a third of the time.

        A frozen dataclass sets each of them by a call, which a run of one sample feels.
        """
        made = object.__new__(cls)
        made.__dict__.update(fields)
        return made

    def __repr__(self) -> str:
        """One line: samples, engine, spikes, what was recorded."""
        outputs = self.scores.shape[1] // self.places
        what = f"{len(self.scores)} samples, {outputs} outputs"
        what += f" at {self.places} places" if self.places > 1 else ""
        more = [f"engine {self.engine}, T_w = {self.wait}", f"{sum(self.spikes.values()):,} spikes"]
        more += [f"{self.clipped:,} values clipped"] if self.clipped else []
        more += ["recorded"] if self.recorded else []
        return f"Run({what}; {', '.join(more)})"

    def _repr_html_(self) -> str:
        """What a notebook shows: the line of `repr` and the spikes of each layer."""
        samples = max(len(self.scores), 1)
        rows = [(name, f"{n:,}", f"{n / samples:,.1f}") for name, n in self.spikes.items()]
        return shown(self, Table(rows, ("layer", "spikes", "in each sample")))

    def trains(self, layer: str) -> NDArray[np.uint8]:
        """The payload that each neuron of a layer sends in each step, uint8[N, T, *shape].

        Steps are those of the layer's own clock, its phases. Raises `OptionError` where nothing
        was recorded of a layer.
        """
        code, codes = self._recorded("trains", layer)
        return code.train(codes, 0, self.phases)

    def rates(self, layer: str) -> NDArray[np.float64]:
        """Share of a layer's neurons that spike in each step, a mean over samples, float64[T].

        Steps, and what is raised, as for `trains`.
        """
        code, codes = self._recorded("rates", layer)
        spikes = np.zeros(self.phases, np.int64)
        spikes[: code.steps] = code.by_step(codes)[1:]
        share: NDArray[np.float64] = spikes / max(code.counts(codes).size, 1)
        return share

    def _recorded(self, what: str, layer: str) -> tuple[Code, NDArray[np.uint8]]:
        if layer not in self.recorded:
            known = ", ".join(self.recorded) or "none; run with record=True"
            raise OptionError(f"{what} of {layer}: not recorded; recorded are {known}")
        return self.recorded[layer]

    @property
    def predictions(self) -> NDArray[np.int64]:
        """Class of each sample, int64[N]: the output of highest score, the first at a tie.

        Of a readout with several places int64[N, places]: each has a class.
        """
        found = classes(self.scores, self.places)
        return found[:, 0] if self.places == 1 else found


def classes(scores: NDArray[Any], places: int) -> NDArray[np.int64]:
    """Class of each place, int64[N, places]: the output of highest score, the first at a tie.

    Of one output for each place the classes are 0 and, where its score is above 0, 1.

    scores : [N, outputs], of each output all its places in a row
    """
    samples, outputs = scores.shape
    if outputs == places > 1:
        return np.asarray(scores > 0, np.int64)
    found: NDArray[np.int64] = scores.reshape(samples, outputs // places, places).argmax(axis=1)
    return found


def code_shapes(network: Model) -> list[Shape]:
    """Shape of one sample's codes of each layer but the readout."""
    layers = network.layers[:-1]
    return [network.code(index).shape(layer.shape) for index, layer in enumerate(layers)]


def in_blocks(
    run_block: RunBlock,
    network: Model,
    data: Data,
    wait: int,
    record: bool,
    size: int,
    progress: Count = uncounted,
) -> Result:
    """Run `size` samples at a time and join the blocks, so that memory stays bounded."""
    layers = network.layers[:-1]
    outputs = int(np.prod(network.readout.scores))
    scores = np.zeros((len(data), outputs), np.int64)
    codes = None
    if record:
        codes = [np.empty((len(data), *shape), np.uint8) for shape in code_shapes(network)]
    spikes = [0] * len(layers)
    progress(0, len(data))
    for start in range(0, len(data), size):
        block = slice(start, start + size)
        last, found = run_block(network, data[block], wait)
        scores[block] = last.reshape(-1, outputs)
        for index, part in enumerate(found):
            spikes[index] += network.code(index).total(part)
            if codes is not None:
                codes[index][block] = part
        progress(min(start + size, len(data)), len(data))
    return Result(scores, spikes, codes)
