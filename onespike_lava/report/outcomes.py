"""What became of single samples and of classes: changes of class, errors, confusion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onespike_lava.evaluation.labels import Labels, classes_of
from onespike_lava.evaluation.targets import are_numbers
from onespike_lava.network import Network

CASES = 12
"""Most samples that are shown."""

GRID = 20
"""Most classes whose confusions are a whole table; of more the most frequent ones are listed."""


@dataclass(frozen=True)
class Case:
    """A sample that was put in another class than the source's, or than its label.

    index   : its place in the data
    label   : what it is; None without labels
    source  : the source network's class; None without one
    found   : the spiking network's class
    picture : float64[H, W] or float64[H, W, 3], 0 to 1; None where a sample is no picture
    """

    index: int
    label: int | None
    source: int | None
    found: int
    picture: NDArray[np.float64] | None


@dataclass(frozen=True)
class Outcomes:
    """Of all samples that count, of dense outputs of their places, of a graph of its nodes.

    changed   : in another class than the source network's; None without one
    lost      : of these, those that the source alone puts in the right class
    gained    : those that the spiking network alone does
    cases     : the first of those that changed; without a source network, of the errors
    errors    : how many cases there are in all without a source network, else 0
    confusion : int64[labels, classes found]; None without labels of classes
    """

    changed: int | None = None
    lost: int = 0
    gained: int = 0
    cases: tuple[Case, ...] = ()
    errors: int = 0
    confusion: NDArray[np.int64] | None = None

    def frequent(self, most: int = 10) -> list[tuple[int, int, int]]:
        """The most frequent confusions: label, class found, how often."""
        if self.confusion is None:
            return []
        label, given = np.nonzero(self.confusion)  # of very many classes most are 0
        label, given = label[label != given], given[label != given]
        count = self.confusion[label, given]
        order = np.argsort(-count, kind="stable")[:most]
        return list(zip(*(each[order].tolist() for each in (label, given, count)), strict=True))

    def summary(self) -> dict[str, Any]:
        """The figures as JSON-ready values."""
        if self.changed is None:
            return {}
        return {"changed": self.changed, "lost": self.lost, "gained": self.gained}


def outcomes(
    network: Network,
    x: ArrayLike,
    y: ArrayLike | None,
    mask: ArrayLike | None,
    found: NDArray[np.int64],
    source: NDArray[np.int64] | None = None,
) -> Outcomes:
    """Of samples x, labels y and a mask as in `evaluate`.

    found, source : int64[M], classes of those that count; source None without a source network
    """
    if are_numbers(y):
        return Outcomes()
    changed = None if source is None else np.flatnonzero(source != found)
    if y is None:
        count = None if changed is None else len(changed)
        return Outcomes(count, cases=_cases(network, x, changed, found, source, None, None))
    samples = 1 if network.is_graph else len(np.asarray(y))
    known = Labels.of(network.readout.result, y, mask, samples)
    right = known.labels == found
    classes = classes_of(network.readout.result)
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (known.labels, found), 1)
    wrong = np.flatnonzero(~right) if changed is None else changed
    cases = _cases(network, x, wrong, found, source, known.labels, known.chosen)
    if source is None or changed is None:
        return Outcomes(cases=cases, errors=len(wrong), confusion=confusion)
    was_right = known.labels == source
    return Outcomes(
        changed=len(changed),
        lost=int((was_right & ~right).sum()),
        gained=int((right & ~was_right).sum()),
        cases=cases,
        confusion=confusion,
    )


def _cases(
    network: Network,
    x: ArrayLike,
    which: NDArray[np.int64] | None,
    found: NDArray[np.int64],
    source: NDArray[np.int64] | None,
    labels: NDArray[np.int64] | None,
    chosen: NDArray[np.bool_] | None,
) -> tuple[Case, ...]:
    """Single samples; of dense outputs and graphs there are none."""
    if which is None or network.dense_outputs or network.is_graph:
        return ()
    places = np.arange(len(found)) if chosen is None else np.flatnonzero(chosen)
    return tuple(
        Case(
            index=int(places[each]),
            label=None if labels is None else int(labels[each]),
            source=None if source is None else int(source[each]),
            found=int(found[each]),
            picture=_picture(network, np.asarray(x[places[each]])),  # type: ignore[index]
        )
        for each in which[:CASES].tolist()
    )


def _picture(network: Network, sample: NDArray[Any]) -> NDArray[np.float64] | None:
    """A sample as a picture between its least and its largest value; events added up."""
    values = np.asarray(sample, np.float64)
    entry = network.input
    planes = values.sum(axis=0) if entry.coding == "events" else entry.arranged(values[None])[0]
    if planes.ndim != 3 or min(planes.shape[1:]) < 2:
        return None
    coloured = np.moveaxis(planes, 0, -1) if len(planes) == 3 else planes.mean(axis=0)
    low, high = float(coloured.min()), float(coloured.max())
    return (coloured - low) / (high - low) if high > low else np.zeros(coloured.shape)
