"""An export checks itself on some of its calibration samples, in seconds.

The source in spiking form must compute what the source computes, but for float rounding: a pass
that changes the function is a fault of this library, and an error (`fidelity.equivalence`). The
integer network then runs beside the source: how often both name the same class, how closely
their logits go together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.calibration.samples import evenly
from exporters.fidelity.baseline import work
from exporters.fidelity.equivalence import Known, fault
from exporters.fidelity.figures import Figures
from exporters.graph import Graph
from exporters.passes.draft import Draft
from exporters.recipe import Recipe
from onespike_lava.data.encoding import Samples
from onespike_lava.errors import SelfCheckError
from onespike_lava.network import Network
from onespike_lava.system.progress import Progress, silent

Logits = NDArray[np.float64]

SAMPLES = 64
"""Samples of a check at most, spread evenly over the calibration data."""

FEW = 8
"""Samples of a check at least, where the data have so many."""

WORK = 2**34
"""Work of a run of the source, above which a check takes fewer samples."""

SOUND = {"agreement": 0.7, "correlation": 0.92, "variation": 0.5}
"""What the figures of a sound conversion reach. Trained networks with the default options have
0.96, 0.97 and 0.97 or more; where one is below these, accuracy suffers visibly."""

VARIES = 0.1
"""Logits that vary over the samples by a smaller share of their size do not vary: sixteen phases
resolve little more."""

FAR = 10.0
"""Samples whose logits are so many times those of most would alone decide a correlation."""


@dataclass(frozen=True, repr=False)
class SelfCheck(Figures):
    """What samples of its calibration data showed of a conversion.

    samples     : how many were run; of a graph its nodes
    difference  : how far the passes moved the logits, as a share of the largest: float rounding;
                  None of a graph network, which has no passes
    agreement   : share of samples, of dense outputs of their places, whose class is the source's;
                  None where there is one output
    correlation : of the integer network's logits with the source's, samples of far larger ones left
                  out; None where the source's are all equal
    variation   : the same of logits less each output's mean, for outputs far apart go together
                  however badly each follows its own; None where logits hardly vary over samples
    warning     : what is poor and what to try, None of a sound conversion
    """

    samples: int
    difference: float | None
    agreement: float | None
    correlation: float | None
    variation: float | None
    warning: str | None = None

    def __str__(self) -> str:
        """The figures in words, as in the file's provenance."""
        figures = (("agreement", self.agreement), ("correlation", self.correlation))
        known = (f"{name} {_digits(value)}" for name, value in figures if value is not None)
        return ", ".join((f"{self.samples} samples", *known))


@dataclass(frozen=True, eq=False)
class Trial:
    """Some calibration samples, and what the source says to them.

    samples    : [N, *shape], or the features of a graph's nodes, one sample
    logits     : float64[N, outputs, places], the source's
    difference : as in `SelfCheck`
    """

    samples: NDArray[Any]
    logits: Logits
    difference: float | None = None

    @classmethod
    def of(
        cls,
        source: Graph,
        prepared: Graph,
        samples: NDArray[Any],
        recipe: Recipe,
        progress: Progress = silent,
    ) -> Trial:
        """The trial of a source of which `prepare` made `prepared`, as the recipe says.

        Raises `SelfCheckError` where that is another function, naming the pass.
        """
        known = Known.of(Draft.of(source).graph(), _some(samples, work(source)), progress)
        apart = known.apart(prepared.evaluate)
        if not known.explains(apart):
            raise SelfCheckError(fault(known, source, recipe))
        largest = float(known.largest.max())
        return cls(known.x, known.logits, float(apart.max()) / largest if largest else 0.0)

    def against(self, network: Network, recipe: Recipe) -> SelfCheck:
        """The integer network that a recipe made, beside the source."""
        count, outputs, places = self.logits.shape
        # `compute` does not warn of samples off the grid, which the calibration has told of
        run = network.compute(Samples(network.input, self.samples), "numpy")
        found = (run.scores * network.output_scale).reshape(self.logits.shape)
        same = found.argmax(axis=1) == self.logits.argmax(axis=1)
        usual = _usual(self.logits)
        check = SelfCheck(
            samples=count * (places if self.difference is None else 1),
            difference=self.difference,
            agreement=float(same.mean()) if outputs > 1 else None,
            correlation=_correlation(found[usual], self.logits[usual]),
            variation=_variation(found[usual], self.logits[usual]),
        )
        return replace(check, warning=_warning(check, recipe))


def _some(samples: NDArray[Any], each: int) -> NDArray[Any]:
    """Samples spread evenly over the data, fewer where each is much work."""
    return samples[evenly(len(samples), counted(len(samples), each))]


def counted(samples: int, each: int) -> int:
    """How many of so many samples are checked, where each is so much work (`baseline.work`)."""
    return min(samples, SAMPLES, max(FEW, WORK // max(each, 1)))


def _usual(logits: Logits) -> NDArray[np.bool_]:
    """The samples whose logits are of the size of most, bool[N]."""
    size = np.abs(logits).max(axis=(1, 2))
    spoken = size[size > 0]
    return size <= FAR * (np.median(spoken) if spoken.size else 0.0)


def _correlation(found: Logits, known: Logits) -> float | None:
    """Pearson's, over all logits together; None where the known ones are all equal."""
    known, found = known - known.mean(), found - found.mean()
    largest = np.abs(known).max()
    if largest == 0:
        return None
    known, found = known / largest, found / (np.abs(found).max() or 1.0)  # squares then fit
    return float(np.sum(known * found) / (_norm(known) * _norm(found) or 1.0))


def _variation(found: Logits, known: Logits) -> float | None:
    """The correlation of how logits vary over samples and places; None where known ones do not."""
    found, around = (each - each.mean(axis=(0, 2), keepdims=True) for each in (found, known))
    return _correlation(found, around) if _norm(around) > VARIES * _norm(known) else None


def _digits(value: float) -> str:
    """Three of them; 0 without a sign."""
    return f"{round(value, 3) + 0.0:.3f}"


def _norm(values: Logits) -> float:
    return float(np.linalg.norm(values.reshape(-1)))


def _warning(check: SelfCheck, recipe: Recipe) -> str | None:
    """What is poor, and what may help with this recipe; None of a sound conversion."""
    known = {name: getattr(check, name) for name in SOUND}
    poor = [
        f"{name} {_digits(value)}, sound from {SOUND[name]:g}"
        for name, value in known.items()
        if value is not None and value < SOUND[name]
    ]
    if not poor:
        return None
    graph, default = check.difference is None, Recipe()
    ways = {
        f"a wait of {recipe.phases}": recipe.waiting < recipe.phases,
        f"{default.phases} or more phases": recipe.phases < default.phases,
        "the threshold shift": not recipe.shift,
        "the default options": not graph and recipe.correct != default.correct,
        "more calibration samples": not graph and check.samples < SAMPLES,
        "calibration data like all that the network will see, no value far outside": not graph,
        "features with no value far outside": graph,
    }
    return (
        f"self-check: the one-spike network follows its source poorly on {check.samples} samples "
        f"({'; '.join(poor)}); try {', '.join(way for way, fits in ways.items() if fits)}"
    )
