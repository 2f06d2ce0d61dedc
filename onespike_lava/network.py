"""The integer network of a `.net` file, ready to run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onespike_lava import running
from onespike_lava.data.encoding import Samples, warn_of_input
from onespike_lava.engines.result import Run
from onespike_lava.engines.timed.notes import Notes
from onespike_lava.model import Model
from onespike_lava.rules import validate
from onespike_lava.summary import layers, page
from onespike_lava.system.progress import Progress, silent
from onespike_lava.system.tables import Page, shown


@dataclass(frozen=True, eq=False, repr=False)
class Network(Model):
    """A network of one-spike or timed neurons in integers, the content of a `.net` file.

    layers     : input first, readout last, each after its sources
    phases     : `T`, phases of a sample
    wait       : default `T_w`, phases between the first input and the first output of a layer
    weighting  : `graded` (synapse-based) or `membrane` (neuron-based, the paper's own)
    provenance : sorted pairs of text that say where the network comes from
    proven     : False where 24 bits are not proven but checked by every run, of networks that
                 step whose integers were given; a warning then names the layers

    Raises `InvalidNetworkError` with all violations of the rules in `rules`.
    """

    def __post_init__(self) -> None:
        """Check every rule."""
        validate(self)

    def summary(self) -> Page:
        """Tables of the network, its layers, the fields of timed neurons and the provenance.

        `print` shows them as text, a notebook as HTML; `onespike inspect` prints them.
        """
        return page(self)

    def _repr_html_(self) -> str:
        """What a notebook shows: the line of `repr` and the layers."""
        return shown(self, layers(self))

    def run(
        self,
        x: ArrayLike,
        engine: str = "auto",
        wait: int | None = None,
        record: bool = False,
        progress: Progress = silent,
        over_steps: bool = False,
        traces: bool = False,
    ) -> Run:
        """Run samples through the network.

        x      : float[N, *input shape], as the source network takes them; of a graph also the
                 features of its nodes, float[nodes, inputs], one sample; of events
                 uint8[N, T, *input shape], the payloads of every step
        engine : auto, numba, numpy, reference or lava; all give the same integers
        wait   : `T_w` in 0..phases; None takes the file's
        record : also keep every layer's codes, `Run.trains` of networks that step
        progress : told how many samples are done
        over_steps : also keep the scores after every step, of networks that step
        traces : also keep currents and potentials of every step, of networks that step

        Warns of samples that are hardly on the scale of the input grid. Raises `DataError` for
        samples that do not fit, `OptionError` for engine or wait.
        """
        samples = Samples(self.input, x, self.phases)
        notes = Notes(over_steps, traces) if over_steps or traces else None
        found = self.compute(samples, engine, wait, record, progress, notes)
        warn_of_input(self.input, samples.values.size, found.clipped, found.levels)
        return found

    def compute(
        self,
        samples: Samples,
        engine: str = "auto",
        wait: int | None = None,
        record: bool = False,
        progress: Progress = silent,
        notes: Notes | None = None,
    ) -> Run:
        """As `run`, without a warning: of a part of the samples, say.

        notes : takes what else is wanted of a network that steps
        """
        wait = self.wait if wait is None else wait
        return running.run(
            self, samples, engine=engine, wait=wait, record=record, progress=progress, notes=notes
        )

    def predict(
        self,
        x: ArrayLike,
        engine: str = "auto",
        wait: int | None = None,
        progress: Progress = silent,
    ) -> NDArray[np.int64]:
        """Class of each sample, int64[N]: the output of highest score.

        Of each place of dense outputs int64[N, places]. A graph is one sample whose nodes are
        the places. The parameters are those of `run`.
        """
        return self.run(x, engine, wait, progress=progress).predictions
