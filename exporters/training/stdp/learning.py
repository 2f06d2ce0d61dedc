"""Training by STDP, the network of layers that have learnt, and its report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from numpy.typing import ArrayLike

from exporters.training.stdp.recipe import RECIPE, Recipe
from onespike_lava.learning.latency import encode
from onespike_lava.learning.network import features, fit, network, numbered
from onespike_lava.learning.plastic import Plastic
from onespike_lava.learning.rule import Times
from onespike_lava.learning.stack import learn
from onespike_lava.network import Network
from onespike_lava.system.files import write_atomic
from onespike_lava.system.progress import Progress, silent


@dataclass(frozen=True)
class Trained:
    """What `train` gives.

    recipe  : as given
    layers  : with weights, counts and what was seen on the way
    network : latency input, as `encode` makes it, the layers, and the readout
    """

    recipe: Recipe
    layers: tuple[Plastic, ...]
    network: Network


def train(
    images: ArrayLike,
    labels: ArrayLike,
    recipe: Recipe = RECIPE,
    seed: int = 0,
    path: str | Path | None = None,
    progress: Progress = silent,
) -> Trained:
    """Learn from images [N, H, W] of 0..255; labels int[N] for the readout alone.

    path : file that keeps what is learnt after every look; a run that was killed goes on from it

    Raises `DataError` for images or labels that do not fit, or for a file of another run.
    """
    times = encode(images, recipe.contrast)
    numbered(labels, len(times))  # before all learning
    layers = learn(recipe.stages, times, seed, path, progress)
    return of_layers(recipe, layers, times, labels)


def report(trained: Trained, path: str | Path, title: str = "Learning by STDP") -> None:
    """Write one HTML page: kernels, convergence and connections over time; needs matplotlib."""
    from onespike_lava.report.learning import learning_page

    page = learning_page(title, trained.recipe.stages, trained.layers)
    write_atomic(path, page.encode())


def of_layers(
    recipe: Recipe, layers: tuple[Plastic, ...], times: Times, labels: ArrayLike
) -> Trained:
    """The network of layers that have learnt; its readout is fitted to times [N, 2, H, W]."""
    steps = recipe.contrast.steps
    found, _ = features(recipe.stages, layers, times)
    readout = fit(found, labels, steps, recipe.strength)
    known = {
        "learning": "STDP with pruning (the pruning rule is this library's own)",
        "connections": f"{sum(int(each.live.sum()) for each in layers)} of "
        f"{sum(each.live.size for each in layers)}",
        "samples": ", ".join(str(each.samples) for each in layers),
    }
    made = network(recipe.stages, layers, times.shape[1:], steps, readout, tuple(known.items()))
    return Trained(recipe, layers, made)
