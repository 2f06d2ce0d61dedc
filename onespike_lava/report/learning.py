"""The page of layers that have learnt: kernels as pictures, convergence, connections over time."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from onespike_lava.learning.pictures import pictures, sheet
from onespike_lava.learning.plastic import Plastic
from onespike_lava.learning.stack import Stage
from onespike_lava.report.drawing import (
    ABOVE,
    BLUE,
    INK,
    ORANGE,
    WIDTH,
    Figure,
    inline,
    save,
    style,
    subplots,
)
from onespike_lava.version import __version__

HEADS = (
    "layer",
    "samples",
    "live connections",
    "convergence",
    "integrations",
    "weights moved",
)


def learning_figures(stages: Sequence[Stage], layers: Sequence[Plastic]) -> list[Figure]:
    """Pictures of each layer's kernels, then convergence and connections over the samples."""
    found = []
    for number, each in enumerate(pictures(stages, layers), 1):
        text = f"{len(each)} kernels of layer {number}, bright where a bright place is expected."

        def draw(each: Any = each) -> Any:
            return _kernels(sheet(each))

        found.append(Figure(f"stdp-kernels-{number}", text, draw))
    ends = "; ".join(
        f"layer {number} ends at {layer.history[-1].convergence:.4f} with {layer.connectivity:.1%}"
        for number, layer in enumerate(layers, 1)
    )
    text = f"Convergence and live connections over the samples: {ends}."
    return [*found, Figure("stdp-learning", text, lambda: _curves(layers))]


def _kernels(page: Any) -> Any:
    figure, axes = subplots(figsize=(WIDTH, WIDTH * page.shape[0] / page.shape[1]))
    figure.subplots_adjust(0, 0, 1, 1)
    axes.imshow(page, cmap="gray", vmin=-1, vmax=1, interpolation="nearest")
    axes.set_axis_off()
    return figure


def _curves(layers: Sequence[Plastic]) -> Any:
    figure, axes = subplots(2, 1, figsize=(WIDTH, WIDTH), layout="constrained")
    for number, (layer, colour) in enumerate(
        zip(layers, [BLUE, ORANGE, INK] * len(layers), strict=False), 1
    ):
        samples = [look.samples for look in layer.history]
        axes[0].plot(
            samples,
            [look.convergence for look in layer.history],
            color=colour,
            label=f"layer {number}",
        )
        axes[1].plot(samples, [100 * look.live for look in layer.history], color=colour)
    axes[0].set_yscale("log")
    axes[0].set_ylabel("convergence")
    axes[0].legend(**ABOVE)
    axes[1].set_ylabel("live connections, %")
    axes[1].set_ylim(bottom=0)
    axes[1].set_xlabel("samples")
    return figure


def save_learning_figures(
    stages: Sequence[Stage], layers: Sequence[Plastic], folder: str | Path
) -> list[str]:
    """Write every figure as SVG into a folder, made if need be; their names.

    Raises `MissingPartError` without matplotlib, `DataError` where the folder takes no file.
    """
    found = learning_figures(stages, layers)
    with style():
        for figure in found:
            save(figure.draw(), folder, figure.name)
    return [figure.name for figure in found]


def learning_page(title: str, stages: Sequence[Stage], layers: Sequence[Plastic]) -> str:
    """One HTML file without scripts that needs nothing else.

    Raises `MissingPartError` without matplotlib (the extra `report`).
    """
    rules = (resources.files("onespike_lava.report") / "page.css").read_text("utf-8")
    with style():
        drawn = [
            f'<figure><div class="canvas" role="img" aria-label="{escape(each.alt)}">'
            f"{inline(each.draw(), each.name)}</div>"
            f"<figcaption>{escape(each.alt)}</figcaption></figure>"
            for each in learning_figures(stages, layers)
        ]
    head = "".join(f'<th scope="col">{each}</th>' for each in HEADS)
    body = "".join(_row(number, layer) for number, layer in enumerate(layers, 1))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<link rel="icon" href="data:,">\n'
        f"<title>{escape(title)}</title>\n<style>{rules}</style>\n</head>\n<body>\n"
        f"<header><h1>{escape(title)}</h1>\n<p>Layers that learnt by STDP while they were pruned; "
        f"onespike-lava {__version__}.</p></header>\n<main>\n<section>\n"
        '<div class="scroll" role="region" aria-label="Layers" tabindex="0">\n'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>\n</div>\n</section>\n"
        f"<section>{''.join(drawn)}</section>\n</main>\n</body>\n</html>\n"
    )


def _row(number: int, layer: Plastic) -> str:
    convergence = layer.history[-1].convergence if layer.history else np.nan
    cells = (
        f"{number}",
        f"{layer.samples:,}",
        f"{int(layer.live.sum()):,} of {layer.live.size:,} ({layer.connectivity:.2%})",
        f"{convergence:.4f}",
        f"{layer.integrations:,}",
        f"{layer.updates:,}",
    )
    return "<tr>" + "".join(f"<td>{each}</td>" for each in cells) + "</tr>"
