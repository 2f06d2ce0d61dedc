"""What a search found: points, the best among them, the picture of them, and how to make it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from exporters.fidelity.picture import Picture
from exporters.recipe.options import OPTIONS
from onespike_lava.report import drawing
from onespike_lava.system.tables import Table, shown


@dataclass(frozen=True)
class Goal:
    """What is good enough.

    max_loss   : points lost against the source network, None for any
    min_energy : energy of the source network over that of the one-spike network, None for any
    kind       : which of `Energy.ratios`
    """

    max_loss: float | None = None
    min_energy: float | None = None
    kind: str = "fp32"

    @property
    def given(self) -> bool:
        """Whether there is anything to reach."""
        return self.max_loss is not None or self.min_energy is not None

    def met(self, point: Point) -> bool:
        """Whether a point is good enough."""
        lost = self.max_loss is None or point.loss <= self.max_loss + 1e-9
        return lost and (self.min_energy is None or point.energy[self.kind] >= self.min_energy)


@dataclass(frozen=True)
class Point:
    """A measured point.

    options  : of the recipe, as given, without the wait
    phases, wait : `T` and `T_w`
    base     : `Q`, or several, of layers; with levels from data what these started from
    accuracy : percent
    loss     : points lost against the source network
    latency  : phases until a sample's scores (Sec. V-C2); a stream of samples takes `phases` each
    energy   : `Energy.ratios`
    synops   : synaptic operations per sample
    net      : key of its conversion, `nets/KEY.net`
    """

    key: str
    options: Mapping[str, Any]
    phases: int
    wait: int
    base: float | Sequence[float]
    accuracy: float
    loss: float
    latency: int
    energy: Mapping[str, float]
    spikes_per_neuron: float
    synops: float
    net: str


@dataclass(frozen=True, repr=False)
class Tuning:
    """The outcome of `exporters.tune`.

    ann      : accuracy of the source network in percent
    points   : in the order of the search
    refused  : options that give no network, and why
    goal     : what was good enough
    measured : how many points this call measured; the others were there
    """

    ann: float
    points: tuple[Point, ...]
    refused: tuple[tuple[Mapping[str, Any], str], ...]
    goal: Goal
    measured: int

    def __repr__(self) -> str:
        """One line: how many points, the best of them, what was not possible."""
        what = [f"{len(self.points)} points, {len(self.pareto)} of them Pareto-optimal"]
        if self.points:
            best = self.best
            what.append(f"best T = {best.phases}, T_w = {best.wait}, loses {best.loss:.2f} points")
        what += [f"{len(self.refused)} not possible"] if self.refused else []
        return f"Tuning({'; '.join(what)})"

    def _repr_html_(self) -> str:
        """What a notebook shows: the line of `repr`, the points, what gives no network."""
        refused = [(_words(given), why) for given, why in self.refused]
        tables = [self.table(), *([Table(refused, ("not possible", "why"))] if refused else [])]
        return shown(self, *tables)

    def table(self) -> Table:
        """The points, one a row, `*` at those of the Pareto front."""
        varied = _varied(self.points)
        header = ("", "T", "Q", "T_w", *varied, "accuracy", "loss", "latency", "E", "spikes/neuron")
        front = set(self.pareto_keys)
        rows = [
            (
                "*" if point.key in front else "",
                point.phases,
                _listed(point.base),
                point.wait,
                *(str(point.options.get(name)) for name in varied),
                f"{point.accuracy:.2f} %",
                f"{point.loss:.2f}",
                point.latency,
                f"{point.energy[self.goal.kind]:.2f}",
                f"{point.spikes_per_neuron:.3f}",
            )
            for point in self.points
        ]
        return Table(rows, header)

    def plot(self, axis: Any = None) -> Picture:
        """A picture: loss over latency, the energy ratio as colour, the front ringed, the best +.

        axis : matplotlib axes to draw into; a figure of its own unless given

        Raises `MissingPartError` without matplotlib.
        """
        with drawing.style("plot"):
            if axis is None:
                figure, axis = drawing.axes(6.0, 3.6)
                _draw(self, axis)
                drawing.finished(figure)
            else:
                _draw(self, axis)
            return Picture(axis.figure)

    @property
    def pareto(self) -> tuple[Point, ...]:
        """Points that none betters in loss, latency or energy without being worse in another."""
        costs = [self._costs(point) for point in self.points]
        return tuple(
            point
            for point, cost in zip(self.points, costs, strict=True)
            if not any(_betters(other, cost) for other in costs)
        )

    @property
    def pareto_keys(self) -> list[str]:
        """Keys of these points."""
        return [point.key for point in self.pareto]

    @property
    def met(self) -> bool:
        """Whether a point reaches the goal; without one, True."""
        return not self.goal.given or any(map(self.goal.met, self.points))

    @property
    def best(self) -> Point:
        """The first point that reaches the goal; without goal or point of least loss.

        Of equal losses the least latency, then the highest energy ratio.
        """
        if self.goal.given and self.met:
            return next(filter(self.goal.met, self.points))
        return min(self.points, key=self._costs)

    def summary(self) -> dict[str, Any]:
        """All of it as JSON-ready values."""
        return {
            "ann": self.ann,
            "points": [asdict(point) for point in self.points],
            "pareto": self.pareto_keys,
            "best": self.best.key,
            "goal": asdict(self.goal),
            "met": self.met,
            "refused": [{"options": dict(each), "reason": why} for each, why in self.refused],
            "measured": self.measured,
        }

    def _costs(self, point: Point) -> tuple[float, float, float]:
        return point.loss, point.latency, -point.energy[self.goal.kind]


def _draw(found: Tuning, axis: Any) -> None:
    latencies, losses = ([getattr(p, of) for p in found.points] for of in ("latency", "loss"))
    ratios = [point.energy[found.goal.kind] for point in found.points]
    drawn = axis.scatter(latencies, losses, c=ratios, cmap=drawing.ramp(), s=18)
    ring: dict[str, Any] = {"ms": 9, "mfc": "none", "mec": drawing.INK}
    axis.plot([p.latency for p in found.pareto], [p.loss for p in found.pareto], "o", **ring)
    if found.points:
        best = found.best
        axis.plot(best.latency, best.loss, "+", ms=14, color=drawing.INK)
        axis.set_title(f"best (+): T = {best.phases}, T_w = {best.wait}", fontsize=9)
    if found.goal.max_loss is not None:
        axis.axhline(found.goal.max_loss, lw=0.6, ls=":", color=drawing.GREY)
    axis.set(xlabel="latency: phases until a sample's scores", ylabel="points lost")
    axis.figure.colorbar(drawn, ax=axis, label=f"energy ratio ({found.goal.kind})")


def _betters(one: Sequence[float], two: Sequence[float]) -> bool:
    return all(a <= b for a, b in zip(one, two, strict=True)) and tuple(one) != tuple(two)


def _words(options: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in options.items())


def _listed(base: float | Sequence[float]) -> str:
    return f"{base:g}" if isinstance(base, (int, float)) else ",".join(f"{each:g}" for each in base)


def _varied(points: Sequence[Point]) -> list[str]:
    """Options, `T` aside, that differ among the points."""
    names = [name for name in points[0].options if name != "phases"] if points else []
    return [n for n in names if len({str(point.options[n]) for point in points}) > 1]


def export_options(point: Point) -> list[str]:
    """The options of `onespike export` that make a point's network."""
    known = {each.name: each for each in OPTIONS}
    words = [word for name, value in point.options.items() for word in known[name].words(value)]
    return [*words, *known["wait"].words(point.wait)]
