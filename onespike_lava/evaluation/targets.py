"""Targets that are numbers, not classes: how far a network's values lie from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onespike_lava.data.misfit import listed
from onespike_lava.data.samples import as_array
from onespike_lava.engines.result import Run
from onespike_lava.errors import DataError, OptionError
from onespike_lava.layers import Shape
from onespike_lava.network import Network

Judged = TypeVar("Judged", bound=Any)
"""An `Evaluation`, which another module makes."""

SIGMOID = "sigmoid_left_out"
"""Entry of the provenance that says that the source's values are the sigmoid of its logits."""


def are_numbers(y: ArrayLike | None) -> bool:
    """Whether these are targets of a regression, not labels of classes."""
    return y is not None and as_array(y, "y", "one number or label each").dtype.kind == "f"


def values_of(network: Network, scores: NDArray[Any]) -> NDArray[np.float64]:
    """What the source network computes, from scores int64[N, outputs]: logits or their sigmoid."""
    return as_values(network, scores * network.output_scale)


def as_values(network: Network, logits: NDArray[Any]) -> NDArray[np.float64]:
    """Logits [N, outputs], or their sigmoid where the source network's values are that."""
    if SIGMOID in dict(network.provenance):
        with np.errstate(over="ignore"):
            return np.asarray(1 / (1 + np.exp(-logits)))
    return np.asarray(logits, np.float64)


@dataclass
class Targets:
    """Numbers that a network's values should be, and sums over the samples seen so far.

    known   : float64[N, outputs], in the order of the network's result
    network : whose values they are
    """

    network: Network
    known: NDArray[np.float64]
    seen: int = 0
    _squares: float = field(default=0.0, repr=False)

    @classmethod
    def of(
        cls,
        network: Network,
        y: ArrayLike,
        samples: int,
        limit: int | None = None,
        *,
        mask: ArrayLike | None,
        over_steps: bool,
    ) -> Targets:
        """Targets of so many samples, or of the first of them.

        y : float[N, *result], axes of one element left out or not; planes also channels last
        mask, over_steps : what labels alone may have

        Raises `DataError` where they do not fit or with a mask, `OptionError` with `over_steps`.
        """
        if mask is not None:
            raise DataError(
                "mask: says which labels count, and y are numbers, which all count; leave the "
                "mask out, or give whole numbers as labels of classes"
            )
        if over_steps:
            raise OptionError(
                "over_steps: is the accuracy after each step, and y are numbers, which have none; "
                "leave the option out, or give whole numbers as labels of classes"
            )
        found, result = np.asarray(y, np.float64), network.readout.result
        if not samples:
            raise DataError("x: no samples; give at least one")
        found = _arranged(found, (samples, *result))
        if not np.isfinite(found).all():
            raise DataError("y: some targets are NaN or infinite; clean the data")
        return cls(network, found.reshape(samples, -1)[:limit])

    def see(self, run: Run) -> None:
        """Take in the run of the next samples."""
        self.add(values_of(self.network, run.scores))

    def add(self, found: NDArray[np.float64]) -> None:
        """Take in values [n, outputs] of the next samples."""
        part = self.known[self.seen : self.seen + len(found)]
        self._squares += float(((found - part) ** 2).sum())
        self.seen += len(found)

    def before(self, watch: Callable[[Run], None] | None) -> Callable[[Run], None]:
        """What sees a run as `see` does, and then as `watch`, if there is one."""

        def both(run: Run) -> None:
            self.see(run)
            if watch is not None:
                watch(run)

        return both

    def judge(self, found: Judged) -> Judged:
        """An evaluation with what these targets say."""
        return replace(found, squared_error=self.mean_squared_error, r2=self.r2)

    @property
    def mean_squared_error(self) -> float:
        """Over all samples seen and all values."""
        return self._squares / (self.seen * self.known.shape[1])

    @property
    def r2(self) -> float:
        """One less the squared error's share of the targets' variance around each channel's mean.

        0 where the targets do not vary.
        """
        channels = self.network.readout.result[0]
        known = self.known[: self.seen].reshape(self.seen, channels, -1)
        around = float(((known - known.mean(axis=(0, 2), keepdims=True)) ** 2).sum())
        return 1 - self._squares / around if around else 0.0


def _arranged(found: NDArray[Any], wanted: Shape) -> NDArray[Any]:
    """Targets in the network's order of axes."""
    last = (wanted[0], *wanted[2:], wanted[1])
    plain = [size for size in found.shape if size != 1]
    if found.ndim == len(wanted) and found.shape == last != wanted:
        return np.moveaxis(found, -1, 1)
    if plain != [size for size in wanted if size != 1] and found.shape != (
        wanted[0],
        prod(wanted[1:]),
    ):
        raise DataError(
            f"y: numbers of shape {list(found.shape)} do not fit {listed(wanted[1:])}, the "
            "network's values; give one for each of them, or whole numbers as labels of classes"
        )
    return found
