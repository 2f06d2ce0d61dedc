"""What samples are known to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onespike_lava.data.samples import by_place, check_labels
from onespike_lava.errors import DataError
from onespike_lava.layers import Shape


@dataclass(frozen=True)
class Labels:
    """What the samples are known to be: one label for each place of the network's output.

    chosen : bool[N], places that count, sample by sample; a sample has one, of dense outputs
             rows times columns, of a graph its nodes
    labels : int64[M], of those
    """

    chosen: NDArray[np.bool_]
    labels: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        shape: Shape,
        y: ArrayLike,
        mask: ArrayLike | None,
        samples: int,
        limit: int | None = None,
    ) -> Labels:
        """Labels of so many samples, or of the first of them.

        shape   : of the network's output, (classes,) or (classes, H, W)
        y, mask : as `by_place` takes them

        Raises `DataError` where they do not fit or there are none.
        """
        if not samples:
            raise DataError("x: no samples; give at least one")
        known = by_place("y", y, samples, shape[1:])[:limit].reshape(-1)
        chosen = np.ones(len(known), bool)
        if mask is not None:
            chosen = by_place("mask", mask, samples, shape[1:])[:limit].reshape(-1)
        return cls(chosen, check_labels(known[chosen], shape[0]))

    def correct(self, classes: NDArray[Any]) -> int:
        """How many of those that count are their label; classes : [places]."""
        return int((classes[self.chosen] == self.labels).sum())

    def shares(self, rows: NDArray[Any]) -> NDArray[np.float64]:
        """The share of correct ones of each row of classes, [rows, places] -> float64[rows]."""
        return np.array([self.correct(row) / len(self.labels) for row in rows], np.float64)
