"""The search itself: which point is next, and when enough is known."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from exporters.calibration.samples import as_samples
from exporters.choices import ENERGIES, WAITS
from exporters.frontends.read import read
from exporters.graph import Graph
from exporters.recipe.keywords import Axes, with_options
from exporters.recipe.options import PHASES
from exporters.tuning.grid import Candidate, candidates, digest
from exporters.tuning.outcome import Goal, Point, Tuning
from exporters.tuning.records import ANN, refusal_key
from exporters.tuning.store import Store
from exporters.tuning.work import Refused, convert_recipe, judge, measure
from onespike_lava.data.rows import Rows, column
from onespike_lava.errors import DataError, OptionError
from onespike_lava.evaluation.labels import Labels
from onespike_lava.system.files import scratch
from onespike_lava.system.jobs import Task, crew, finished
from onespike_lava.system.progress import Progress, silent
from onespike_lava.version import __version__

if TYPE_CHECKING:
    from typing_extensions import Unpack

NET, POINT = "net", "point"
"""Kinds of work beside `ANN`, the source network judged: a recipe converted, a point measured."""

Source = str | os.PathLike[str] | NDArray[Any]


@with_options({"phases": PHASES}, types=Axes)
def tune(
    model: Any,
    calibration: Source,
    data: str | os.PathLike[str] | tuple[NDArray[Any], NDArray[Any]],
    folder: str | os.PathLike[str] | None = None,
    *,
    wait: Sequence[int | str] | int | str = WAITS,
    max_loss: float | None = None,
    min_energy: float | None = None,
    energy: str = "fp32",
    limit: int | None = None,
    output: str | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    progress: Progress = silent,
    **options: Unpack[Axes],
) -> Tuning:
    """Measure a grid of recipes and waits, cheapest first, or until one is good enough.

    The data decide, so they must not be the test set: take training images that calibration
    does not see. Each recipe is converted once, whatever waits it is run with.

    model       : as in `exporters.export`
    calibration : float[N, *shape], or a `.npz` file with `x`
    data        : (x, y), or a `.npz` file with `x`, `y` and perhaps `mask`
    folder      : where results are kept as they come; a call with the same folder goes on from
                  there. None keeps none
    wait        : `T_w`: phases, or shares of `T` such as "0.75T"
    max_loss    : stop at the first point, in order of latency, that loses no more points
    min_energy  : stop at the first point of that energy ratio; without `max_loss` in order of
                  falling latency, since long codes lose least
    energy      : which ratio, a key of `Energy.ratios`
    limit       : only the first samples of the data
    output      : which of several outputs of the model
    workers     : processes of this machine; a script that asks for several needs the usual
                  `if __name__ == "__main__":`
    scheduler   : address of a Dask scheduler whose workers see the files under the same paths
    options     : of `exporters.recipe.Recipe`; a list or tuple of values is an axis of the grid;
                  `phases` 8, 12, 16 and 24 unless given

    Raises what `exporters.export` does, and `WorkerError`.
    """
    if energy not in ENERGIES:
        raise OptionError(f"energy: {energy!r} is not one of {', '.join(ENERGIES)}")
    waits = [wait] if isinstance(wait, (int, str)) else list(wait)
    goal = Goal(max_loss, min_energy, energy)
    with ExitStack() as stack:
        folder_of_arrays = stack.enter_context(scratch())
        seen = _calibration(calibration, folder_of_arrays)
        x, y, mask = _data(data, folder_of_arrays)
        graph = read(model, seen.shape[1:], output)
        if x.shape[1:] != seen.shape[1:]:
            raise DataError(
                f"x: samples of shape {list(x.shape[1:])} are not of the calibration's shape "
                f"{list(seen.shape[1:])}; reshape them"
            )
        labels = Labels.of(graph.shapes()[graph.output], y, mask, len(x), limit)
        x = x.part(slice(0, limit))
        head = _head(graph, seen, x, labels)
        start = digest([head["model"], head["calibration"], __version__])
        asked = {"phases": PHASES, **options}
        todo, refused = candidates(graph, asked, waits, start, head["data"])
        if max_loss is None and min_energy is not None:
            todo.reverse()
        store = stack.enter_context(Store(folder or folder_of_arrays / "results", head))
        search = _Search(graph, seen, x, labels, todo, store, goal, progress)
        if not search.done:
            with crew(workers, scheduler) as found:
                for key, result in finished(found, search.following):
                    search.take(key, result)
                    if search.done:
                        break
        return search.outcome(refused)


def _calibration(source: Source, folder: Path) -> Rows:
    if isinstance(source, (str, os.PathLike)):
        return Rows.of(source)
    np.savez(folder / "calibration.npz", x=as_samples(source))
    return Rows.of(folder / "calibration.npz")


def _data(
    source: str | os.PathLike[str] | tuple[NDArray[Any], NDArray[Any]], folder: Path
) -> tuple[Rows, NDArray[Any], NDArray[Any] | None]:
    if isinstance(source, tuple):
        path: str | os.PathLike[str] = folder / "data.npz"
        np.savez(path, x=source[0], y=source[1])
    else:
        path = source
    x = Rows.of(path)
    Rows.of(path, "y")  # says so where it is missing
    y = column(path, "y")
    assert y is not None
    return x, y, column(path, "mask")


def _head(graph: Graph, calibration: Rows, x: Rows, labels: Labels) -> dict[str, str]:
    """What decides all figures, by digest."""
    known = [labels.labels.tolist(), labels.chosen.tolist()]
    return {
        "model": graph.digest(),
        "calibration": calibration.digest(),
        "data": digest([x.digest(), known]),
    }


class _Search:
    """What is known, what is under way, and what comes next."""

    def __init__(
        self,
        graph: Graph,
        calibration: Rows,
        data: Rows,
        labels: Labels,
        todo: list[Candidate],
        store: Store,
        goal: Goal,
        progress: Progress,
    ) -> None:
        self.graph, self.calibration, self.data, self.labels = graph, calibration, data, labels
        self.todo, self.store, self.goal, self.progress = todo, store, goal, progress
        self.running: set[tuple[str, str]] = set()
        self.described = {each.key: each for each in todo}
        self.measured = 0

    def following(self) -> Task | None:
        """The next piece of work, the source network first; None where none can begin now."""
        if ANN not in self.store.known and (ANN, ANN) not in self.running:
            return self._begin(ANN, ANN, judge, (self.graph, self.data, self.labels))
        for candidate in self._needed():
            if (POINT, candidate.key) in self.running:
                continue
            if self.store.has_net(candidate.net):
                words = (self.store.net(candidate.net), self.data, self.labels, candidate.wait)
                return self._begin(POINT, candidate.key, measure, words)
            if (NET, candidate.net) not in self.running:
                wanted = (self.graph, self.calibration, candidate.options)
                return self._begin(NET, candidate.net, convert_recipe, wanted)
        return None

    def take(self, done: tuple[str, str], result: Any) -> None:
        """Keep the result of a piece of work."""
        self.running.discard(done)
        kind, key = done
        if kind == NET:
            self._keep_net(key, *result)
        elif kind == ANN:
            self.store.add(ANN, result)
        else:
            found = self.described[key]
            recipe = {"net": found.net, "wait": found.wait, "recipe": dict(found.recipe)}
            self.store.add(key, recipe | result)
            self.measured += 1
        self.progress("points", sum(map(self._settled, self.todo)), len(self.todo))

    @property
    def done(self) -> bool:
        """Whether nothing that is still needed is unknown."""
        return ANN in self.store.known and not self._needed()

    def outcome(self, refused: list[tuple[dict[str, Any], str]]) -> Tuning:
        """What is known now; `OptionError` where no recipe can be converted."""
        known = self.store.known
        points = tuple(self._result(each) for each in self.todo if each.key in known)
        bad = {each.net: each.options for each in self.todo if refusal_key(each.net) in known}
        why = [(options, known[refusal_key(net)]["refused"]) for net, options in bad.items()]
        if not points:
            raise OptionError(f"grid: no point is possible; the first: {why[0][1]}")
        ann = known[ANN]
        accuracy = 100 * ann["correct"] / ann["samples"]
        return Tuning(accuracy, points, (*refused, *why), self.goal, self.measured)

    def _needed(self) -> list[Candidate]:
        """Candidates yet to be measured: those before the first that is known to be good enough."""
        found = []
        for candidate in self.todo:
            if candidate.key in self.store.known:
                if self._good(candidate):
                    break
            elif not self._settled(candidate):
                found.append(candidate)
        return found

    def _good(self, candidate: Candidate) -> bool:
        judged = self.goal.given and ANN in self.store.known
        return judged and self.goal.met(self._result(candidate))

    def _settled(self, candidate: Candidate) -> bool:
        return candidate.key in self.store.known or refusal_key(candidate.net) in self.store.known

    def _begin(self, kind: str, key: str, function: Any, words: tuple[Any, ...]) -> Task:
        self.running.add((kind, key))
        return (kind, key), function, words

    def _keep_net(self, key: str, found: bytes | Refused, seconds: float) -> None:
        if isinstance(found, Refused):
            self.store.add(refusal_key(key), {"refused": found.reason})
        else:
            self.store.save_net(key, found, {"seconds": seconds})

    def _result(self, candidate: Candidate) -> Point:
        known: Mapping[str, Any] = self.store.known[candidate.key]
        lost = self.store.known[ANN]["correct"] - known["correct"]
        return Point(
            key=candidate.key,
            options=candidate.options,
            phases=candidate.recipe["phases"],
            wait=candidate.wait,
            base=known["base"],
            accuracy=100 * known["correct"] / known["samples"],
            loss=100 * lost / known["samples"],
            latency=known["latency"],
            energy=known["energy"],
            spikes_per_neuron=known["spikes_per_neuron"],
            synops=known["synops"],
            net=candidate.net,
        )
