"""The page: a report's data as one HTML file that needs nothing else."""

from __future__ import annotations

from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from onespike_lava.energy import OPERATIONS, PICOJOULES
from onespike_lava.glossary import LINK, TERMS
from onespike_lava.loihi.limits import LOIHI2
from onespike_lava.report.data import Report
from onespike_lava.report.drawing import inline, save, style
from onespike_lava.report.figures import by_layer, cases, every
from onespike_lava.report.outcomes import GRID, Outcomes
from onespike_lava.report.rasters import own_clocks
from onespike_lava.report.steps import settled
from onespike_lava.report.verdict import judged, verdict
from onespike_lava.summary import neurons, summary, weights
from onespike_lava.system.parts import need
from onespike_lava.version import __version__

BOTH = ("energy ratio", "firing window", "latency", "Loihi 2", "MAC", "paper", "potential", "score")
CODED = (*BOTH, "base", "level", "phase", "step", "synaptic operation", "wait")
STEPPING = (*BOTH, "network that steps", "payload", "synaptic operation")
"""Words that the page explains."""


def page(report: Report) -> str:
    """The report as HTML: no scripts, nothing loaded from elsewhere, every name escaped.

    Raises `MissingPartError` without matplotlib or jinja2 (the extra `report`).
    """
    jinja2 = need("jinja2.environment", "report", extra="report")
    folder = resources.files("onespike_lava.report")
    source = (folder / "page.html").read_text("utf-8")
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["percent"] = lambda share, digits=2: f"{100 * share:.{digits}f} %"
    environment.globals["zip"] = zip
    environment.filters["weights"] = weights
    environment.filters["grouped"] = lambda number: f"{number:,.0f}"
    rules = (folder / "page.css").read_text("utf-8")
    with style():
        drawn = {
            figure.name: {"alt": figure.alt, "svg": inline(figure.draw(), figure.name)}
            for figure in every(report)
        }
    return environment.from_string(source).render(style=rules, figures=drawn, **_content(report))


def save_figures(report: Report, folder: str | Path) -> list[str]:
    """Write every figure as SVG and PNG into a folder, made if need be; their names.

    Raises `MissingPartError` without matplotlib, `DataError` where the folder takes no file.
    """
    found = every(report)
    with style():
        for figure in found:
            save(figure.draw(), folder, figure.name, ("svg", "png"))
    return [figure.name for figure in found]


def _content(report: Report) -> dict[str, Any]:
    """What the template shows, under the names that it uses."""
    found, network = report.evaluation, report.network
    energy, after, figures = found.energy, found.over_steps, summary(network)
    return {
        "title": report.title,
        "today": date.today().isoformat(),
        "version": __version__,
        "network": network,
        "judged": judged(network),
        "verdict": verdict(report),
        "outcomes": report.outcomes,
        "cases": cases(report),
        "confusion": _confusion(report.outcomes),
        "glossary": _glossary(report),
        "found": found,
        "summary": figures,
        "layers": _layers(report, figures),
        "neurons": neurons(figures) if network.steps else {},
        "settled": None if after is None else settled(after),
        "subject": report.subject,
        "source": report.source,
        "pictures": report.pictures is not None,
        "phases": {name: figure.name for name, figure in by_layer(report).items()},
        "senders": len(report.phases),
        "raster": report.raster,
        "clocks": own_clocks(report.raster),
        "paper": LINK,
        "comparison": report.comparison,
        "energy": energy,
        "spent": energy.picojoules(energy),
        "ratios": energy.ratios,
        "operation": " and ".join(OPERATIONS[network.weighting]),
        "costs": PICOJOULES,
        "fit": report.fit,
        "cores": LOIHI2["cores"].number,
        "violations": report.violations,
        "notes": report.notes,
    }


def _confusion(found: Outcomes) -> list[list[tuple[int, float]]] | None:
    """Rows of counts, and each count's share of its label; None where a table has no use."""
    if found.confusion is None or not 1 < len(found.confusion) <= GRID:
        return None
    sums = np.maximum(found.confusion.sum(axis=1), 1)
    return [
        [(int(count), count / total) for count in row]
        for row, total in zip(found.confusion.tolist(), sums.tolist(), strict=True)
    ]


def _glossary(report: Report) -> list[tuple[str, str]]:
    """The words that the page uses, and what they mean."""
    names = STEPPING if report.network.steps else CODED
    if report.comparison is not None:
        names = (*names, "coding error", "loss")
    return [(term.name, term.text) for term in TERMS if term.name in names]


def _layers(report: Report, figures: dict[str, Any]) -> list[dict[str, Any]]:
    """A row per layer: `inspect`'s figures beside those measured."""
    energy = report.evaluation.energy
    rows = []
    for known, measured in zip(figures["layers"], energy.layers, strict=True):
        counts = report.phases.get(measured.name)
        rows.append(
            {
                **known,
                "shape": "x".join(map(str, known["shape"])),
                "source": ", ".join(known.get("source", [])),
                "energy": measured,
                "picojoules": energy.picojoules(measured),
                "silent": None if counts is None else _silent(report, measured.neurons, counts),
            }
        )
    return rows


def _silent(report: Report, neurons: int, counts: Any) -> float:
    """Share of neurons and samples without a spike."""
    return float(counts[0]) / (neurons * report.samples)
