"""Accuracy over the steps of a network that steps: how soon a sample could be let go."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onespike_lava.data.encoding import Samples
from onespike_lava.data.samples import check_samples
from onespike_lava.engines.result import classes
from onespike_lava.engines.timed.notes import Notes
from onespike_lava.evaluation.tally import Labels
from onespike_lava.network import Network
from onespike_lava.system.progress import Progress, of_whole, silent

BLOCK = 64
"""Samples whose scores after every step are held at a time."""


def over_steps(
    network: Network,
    x: ArrayLike,
    y: ArrayLike,
    engine: str = "auto",
    mask: ArrayLike | None = None,
    progress: Progress = silent,
) -> NDArray[np.float64]:
    """Accuracy after each step, float64[T], 0 to 1; the last one is that of `evaluate`.

    Samples, labels and mask as in `evaluate`; one run gives all steps. Raises `OptionError` for a
    network of phase codes, whose scores are complete after the last phase alone, and for an
    engine that does not note scores on the way; `DataError` as `evaluate`.
    """
    samples = check_samples(x, network.sample_shape)
    shape = network.readout.scores
    labels = Labels.of(shape, y, mask, len(samples))
    places = int(np.prod(shape[1:]))
    found = np.empty((network.phases, len(samples), places), np.int64)
    for start in range(0, len(samples), BLOCK):
        seen = partial(of_whole, progress, "evaluation over steps", start, len(samples))
        block = Samples(network.input, samples[start : start + BLOCK], network.phases)
        run = network.compute(block, engine, None, False, seen, Notes(over_steps=True))
        assert run.over_steps is not None
        for step, scores in enumerate(run.over_steps.swapaxes(0, 1)):
            found[step, start : start + BLOCK] = classes(scores, places)
    right = found.reshape(network.phases, -1)[:, labels.chosen] == labels.labels
    share: NDArray[np.float64] = right.mean(axis=1)
    return share
