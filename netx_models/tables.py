"""Makes docs/results.md and its figures of the measurements in `results`: `python tables.py`.

The counterparts of the paper's Tables I, VI, VII and VIII and Figs. 4, 6, 7, 8 and 9;
`measure.py` measures. Needs the extra `report` (matplotlib).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from evaluate import RECIPES
from measure import AT_16, BASES, PAPER_16, RANGE, RESULTS, SEARCHED, WAITS
from sources import NAMES

from onespike_lava import coding
from onespike_lava.report import drawing
from onespike_lava.report.drawing import subplots
from onespike_lava.system.files import write_atomic

DOCS = Path(__file__).resolve().parents[1] / "docs"
FIGURES = DOCS / "figures"
SINGLE = f"{PAPER_16}, single-spike input"

Figures = dict[str, Any]


def main() -> None:
    """Write the page and the figures."""
    known = {name: RESULTS / f"{name}.json" for name in NAMES if name != "digits"}
    results = {name: json.loads(path.read_text()) for name, path in known.items()}
    values = {name: result["figures"] for name, result in results.items()}
    with drawing.style():
        coding_error()
        mape_over_base()
        activations(values)
        loss_over_phases(values)
        loss_over_base(values)
    page = PAGE.format(
        measured="\n".join(map(measured, results.values())),
        table_1=table_1(values),
        table_6=table_6(values),
        table_7=table_7(values),
        table_8=table_8(values),
    )
    write_atomic(DOCS / "results.md", page.encode())


def measured(result: Figures) -> str:
    """With which command, when, and with what a network's figures were measured."""
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    return f"- `{result['command']}`, {result['date']} ({versions})"


def table(header: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    """A Markdown table."""
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def label(recipe: str) -> str:
    """A recipe in a column beside `T` and `Q`."""
    return "paper, Q by search" if recipe == SEARCHED else recipe.split(",")[0]


def table_1(values: dict[str, Figures]) -> str:
    """Accuracy and `T` against the source network."""
    rows = []
    for name, found in values.items():
        for recipe in (*RECIPES, SEARCHED):
            row = found[recipe]
            loss = row["ann"] - row["int8"]
            rows.append(
                (name, label(recipe), row["phases"], row["base"], f"{row['ann']:.2f}",
                 f"{row['int8']:.2f}", f"{loss:.2f}", f"{row['error_int8']:.3f}",
                 f"{row['spikes_per_neuron']:.3f}")
            )  # fmt: skip
    header = (
        "network",
        "recipe",
        "T",
        "Q",
        "ANN %",
        "SNN %",
        "loss",
        "logit error",
        "spikes/neuron",
    )
    return table(header, rows)


def table_6(values: dict[str, Figures]) -> str:
    """Real weights against int8, and the energy ratios of Eq. 6."""
    rows = []
    for name, found in values.items():
        for recipe in AT_16:
            row = found[recipe]
            energy = (f"{row['energy_fp32']:.2f}", f"{row['energy_int8']:.2f}")
            accuracy = (f"{row['fp32']:.2f}", f"{row['int8']:.2f}")
            rows.append((name, label(recipe), *accuracy, *energy))
    return table(("network", "recipe", "FP32 %", "INT8 %", "E FP32", "E INT8"), rows)


def table_7(values: dict[str, Figures]) -> str:
    """Binary against single-spike input, the paper's recipe."""
    rows = []
    for name, found in values.items():
        binary, single = found[PAPER_16], found[SINGLE]
        accuracies = (f"{row['int8']:.2f}" for row in (binary, single))
        energies = (f"{row['energy_fp32']:.2f}" for row in (binary, single))
        rows.append((name, f"{binary['ann']:.2f}", *accuracies, *energies))
    return table(("network", "ANN %", "binary %", "single %", "E binary", "E single"), rows)


def table_8(values: dict[str, Figures]) -> str:
    """Accuracy by wait, the paper's recipe."""
    rows = []
    for name, found in values.items():
        accuracies = (f"{found[f'{PAPER_16}, T_w = {wait}']:.2f}" for wait in WAITS)
        rows.append((name, *accuracies, f"{found[PAPER_16]['ann']:.2f}"))
    return table(("network", *(f"T_w = {wait}" for wait in WAITS), "ANN %"), rows)


def coding_error() -> None:
    """Fig. 4: error of the code over the value."""
    values = np.linspace(0, 1, 2001)
    cases = (("Q = 2, no shift", 2.0, False), ("Q = 2, shift", 2.0, True), ("Q = 1.3", 1.3, True))
    figure, axes = subplots(1, 3, figsize=(9, 2.4), sharey=True)
    for axis, (title, base, shift) in zip(axes, cases, strict=True):
        axis.plot(values, coding.encode(values, 8, base, shift=shift) - values, lw=0.8)
        axis.set(title=f"{title}, T = 8", xlabel="activation / lambda")
    axes[0].set_ylabel("coded - exact")
    save(figure, "fig4")


def mape_over_base() -> None:
    """Fig. 6: MAPE of Eq. 5 over the base."""
    bases = np.round(np.arange(1.05, 2.001, 0.01), 2)
    figure, axis = subplots(figsize=(4.5, 2.8))
    for phases in (16, 24):
        axis.plot(bases, [100 * coding.mape(phases, base) for base in bases], label=f"T = {phases}")
    axis.set(xlabel="base Q", ylabel="MAPE %", ylim=(0, 40))
    axis.legend()
    save(figure, "fig6")


def activations(values: dict[str, Figures]) -> None:
    """Fig. 7: coded over exact activations, with and without threshold shift."""
    for name, found in values.items():
        keys = [f"Fig. 7, {word} threshold shift" for word in ("with", "without")]
        figure, axes = subplots(2, 4, figsize=(9, 4.4))
        for row, key in zip(axes, keys, strict=True):
            for axis, panel in zip(row, found[key], strict=True):
                axis.plot(panel["exact"], panel["coded"], ".", ms=2)
                axis.axline((0, 0), slope=1, lw=0.5, color="grey")
                axis.set_title(panel["layer"], fontsize=8)
            row[0].set_ylabel(f"coded, {key.split(', ')[1].split()[0]} shift")
        save(figure, f"fig7-{name}")


def loss_over_phases(values: dict[str, Figures]) -> None:
    """Fig. 8: what a small base needs in phases: its range, and the points lost."""
    figure, axes = subplots(1, 1 + len(values), figsize=(9, 2.6))
    for base in dict.fromkeys(base for _, base in RANGE):
        phases = [t for t, b in RANGE if b == base]
        axes[0].semilogy(phases, [base**-t for t in phases], ".-", label=f"Q = {base}")
        for axis, (name, found) in zip(axes[1:], values.items(), strict=True):
            points = [(t, found[f"T = {t}, Q = {base}"]) for t in phases]
            kept = [(t, point["loss"]) for t, point in points if point]
            axis.plot(*zip(*kept, strict=True), ".-")
            axis.set(title=name, xlabel="T", ylim=(-1, 12))
    axes[0].set(title="smallest level", xlabel="T")
    axes[0].legend()
    axes[1].set_ylabel("points lost")
    save(figure, "fig8")


def loss_over_base(values: dict[str, Figures]) -> None:
    """Fig. 9: MAPE and points lost over the base."""
    figure, axes = subplots(1, len(values), figsize=(9, 2.8))
    for axis, (name, found) in zip(axes, values.items(), strict=True):
        for phases, colour in ((16, "C0"), (24, "C1")):
            bases = [b for t, b in BASES if t == phases]
            points = [(b, found[f"T = {phases}, Q = {b}"]) for b in bases]
            kept = [(b, point["loss"], point["mape"]) for b, point in points if point]
            base, loss, mape = zip(*kept, strict=True)
            axis.plot(base, loss, ".-", color=colour, label=f"T = {phases}: points lost")
            axis.plot(base, [m / 10 for m in mape], ":", color=colour, label="MAPE / 10 %")
        axis.set(title=name, xlabel="base Q", ylim=(-0.5, 6))
    axes[0].legend(fontsize=7)
    save(figure, "fig9")


def save(figure: Any, name: str) -> None:
    """Write a figure beside the page."""
    figure.tight_layout()
    drawing.save(figure, FIGURES, name)


PAGE = """# Results

The experiments of [Hwang and Kung (2024),
arXiv:2403.08786](https://arxiv.org/abs/2403.08786), on the CIFAR-10 networks of `netx_models`, in
integers on all 10,000 JPEG test images unless a caption says otherwise. Tables and figures have the
numbers that they have in that paper. Measured by

{measured}

and made into this page by `python netx_models/tables.py`. "paper" is the paper's own recipe
(`--paper`), "default" the exporter's defaults; average pools are merged into the linear layer in
both. The paper's networks are others, trained on the original pixels.

## Table I: accuracy and T against the source network

"logit error" is the mean squared difference of the logits from the source network's. "Q by
search" takes the base of least logit error on 5,000 validation images, as the paper finds its own
(Sec. IV-B2).

{table_1}

## Table VI: FP32 and INT8 weights

`E` is Eq. 6, the source network's energy over the one-spike network's, additions estimated as in
the paper.

{table_6}

## Table VII: one spike for an input value too

{table_7}

## Table VIII: accuracy by wait, the paper's recipe

{table_8}

## Figures

Fig. 4: error of the code, without and with threshold shift, and with a smaller base.

![Fig. 4](figures/fig4.svg)

Fig. 6: MAPE (Eq. 5) over the base; the minima are at 1.30 (T = 16) and 1.21 (T = 24).

![Fig. 6](figures/fig6.svg)

Fig. 7: coded over exact activations of a first, a middle and a late layer and of the output, 32
validation images.

![Fig. 7, ResNet-20](figures/fig7-resnet20-cifar10.svg)
![Fig. 7, VGG](figures/fig7-vgg-cifar10.svg)

Fig. 8: the smallest level `Q**-T`, and the points lost over `T` (1,000 validation images, the
paper's recipe; where the payload table would hold a zero there is no point).

![Fig. 8](figures/fig8.svg)

Fig. 9: MAPE and points lost over the base (1,000 validation images, the paper's recipe).

![Fig. 9](figures/fig9.svg)
"""


if __name__ == "__main__":
    main()
