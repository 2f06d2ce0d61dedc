"""The picture of a search: loss over latency, energy as colour."""

from __future__ import annotations

from pathlib import Path

from exporters.fidelity.picture import kind_of
from exporters.tuning.outcome import Tuning
from onespike_lava.report import drawing


def check(path: str | Path) -> str:
    """The kind of picture that a path names, where it can be drawn; errors as `plot`."""
    kind = kind_of(path)
    drawing.style()
    return kind


def plot(tuning: Tuning, path: str | Path) -> None:
    """Draw a search into an `.svg` or `.png` file; `OptionError`, `MissingPartError`."""
    target = Path(path)
    kind = check(path)
    with drawing.style():
        figure, axis = drawing.subplots(figsize=(6, 3.6), layout="constrained")
        ratios = [point.energy[tuning.goal.kind] for point in tuning.points]
        drawn = axis.scatter(
            [point.latency for point in tuning.points],
            [point.loss for point in tuning.points],
            c=ratios,
            cmap="viridis",
            s=18,
        )
        front = sorted(tuning.pareto, key=lambda point: point.latency)
        x, y = [point.latency for point in front], [point.loss for point in front]
        axis.plot(x, y, "o", ms=9, mfc="none", mec=drawing.ORANGE)
        best = tuning.best
        axis.plot(best.latency, best.loss, "+", ms=12, color=drawing.ORANGE)
        if tuning.goal.max_loss is not None:
            axis.axhline(tuning.goal.max_loss, lw=0.6, ls=":", color=drawing.GREY)
        axis.set_title(f"best (+): T = {best.phases}, T_w = {best.wait}", fontsize=9)
        axis.set(xlabel="latency: phases until a sample's scores", ylabel="points lost")
        figure.colorbar(drawn, label=f"energy ratio ({tuning.goal.kind})")
        drawing.save(figure, target.parent, target.stem, (kind,))
