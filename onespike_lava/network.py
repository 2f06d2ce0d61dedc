"""The integer network: frozen layers in order, valid by construction, ready to run."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onespike_lava import engines
from onespike_lava.data import Samples, warn_of_input
from onespike_lava.engines.result import Run
from onespike_lava.layers import Frozen, Input, Layer, MaxPool, Readout, Spiking
from onespike_lava.progress import Progress, silent
from onespike_lava.validate import validate


@dataclass(frozen=True, eq=False)
class Network(Frozen):
    """A one-spike network in integers, the content of a `.net` file.

    layers     : input first, readout last, each after its sources
    phases     : `T`, phases of a sample
    wait       : default `T_w`, phases between the first input and the first output of a layer
    weighting  : `graded` (synapse-based) or `membrane` (neuron-based, the paper's own)
    provenance : sorted pairs of text that say where the network comes from

    Raises `InvalidNetworkError` with all violations of the rules in `validate`.
    """

    layers: tuple[Layer, ...]
    phases: int
    wait: int
    weighting: str = "graded"
    provenance: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Check every rule."""
        validate(self)

    @property
    def input(self) -> Input:
        """The first layer."""
        layer = self.layers[0]
        assert isinstance(layer, Input)
        return layer

    @property
    def readout(self) -> Readout:
        """The last layer."""
        layer = self.layers[-1]
        assert isinstance(layer, Readout)
        return layer

    @property
    def output_scale(self) -> float | NDArray[np.float64]:
        """`logit = score * output_scale`: one number, or float64[outputs] with one per place."""
        scale = self.readout.scale
        if isinstance(scale, float):
            return scale
        return np.broadcast_to(scale, self.readout.shape).reshape(-1)

    @property
    def neurons(self) -> dict[str, int]:
        """Name -> neurons of each hidden (`Spiking`) layer."""
        hidden = [layer for layer in self.layers if isinstance(layer, Spiking)]
        return {layer.name: prod(layer.shape) for layer in hidden}

    def sender(self, position: int) -> Input | Spiking:
        """The layer whose code the layer at `position` passes on: itself unless a max pool."""
        layer = self.layers[position]
        while isinstance(layer, MaxPool):
            layer = self.layers[layer.source]
        assert isinstance(layer, (Input, Spiking))
        return layer

    def sending_steps(self, position: int) -> int:
        """Steps of a sample in which the layer can send, `T_src`."""
        sender = self.sender(position)
        return sender.bits if isinstance(sender, Input) else self.phases

    def code_of(self, position: int) -> tuple[str, int, float]:
        """Kind, unit and base of the layer's spikes; synapses onto one neuron need equal ones."""
        sender = self.sender(position)
        if isinstance(sender, Input):
            return ("binary", sender.bits, 2.0)
        return ("single", sender.payload_bits, sender.base if sender.growth else 0.0)

    def run(
        self,
        x: ArrayLike,
        engine: str = "auto",
        wait: int | None = None,
        record: bool = False,
        progress: Progress = silent,
    ) -> Run:
        """Run samples through the network.

        x      : float[N, *input shape], as the source network takes them; of a graph also the
                 features of its nodes, float[nodes, inputs], one sample
        engine : auto, numba, numpy, reference or lava; all give the same integers
        wait   : `T_w` in 0..phases; None takes the file's
        record : also keep every layer's codes
        progress : told how many samples are done

        Warns of samples that are hardly on the scale of the input grid. Raises `DataError` for
        samples that do not fit, `OptionError` for engine or wait.
        """
        samples = Samples(self.input, x)
        found = self.compute(samples, engine, wait, record, progress)
        warn_of_input(self.input, samples.values.size, found.clipped, found.levels)
        return found

    def compute(
        self,
        samples: Samples,
        engine: str = "auto",
        wait: int | None = None,
        record: bool = False,
        progress: Progress = silent,
    ) -> Run:
        """As `run`, without a warning: of a part of the samples, say."""
        wait = self.wait if wait is None else wait
        options: dict[str, Any] = {"wait": wait, "record": record, "progress": progress}
        return engines.run(self, samples, engine=engine, **options)

    def predict(self, x: ArrayLike, **options: Any) -> NDArray[np.int64]:
        """Class of each sample, int64[N], or of a graph's nodes, int64[1, nodes].

        The output of highest score; `options` as in `run`.
        """
        return self.run(x, **options).predictions
