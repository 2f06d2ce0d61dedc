"""Where loss arises, layer by layer: `python arising.py`.

One after the other, layers of a source network become those of its one-spike network, in four
steps: corrected weights, values above the highest level cut off, the code, integers. After each
step the rest of the source runs, and the step's share of the logits' squared error is what its
move has in common with the whole error: shares of all steps add up to 1. Judged on training images
that calibration did not see. Writes `results/arising.json`, the figure and the page
docs/concepts/loss.md; a second call measures what is missing. `--table` measures nothing.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import sources
from loss import drawn, relative
from measure import RESULTS, Results
from numpy.typing import NDArray
from tables import DOCS, FIGURES, measured, table

from exporters import Conversion, convert
from exporters.calibration.layers import Layers
from exporters.fidelity.parts import Parts
from exporters.graph import Graph, Node, is_spiking
from exporters.graph.execution import run, step
from onespike_lava.data.encoding import Samples, decode, encode
from onespike_lava.report import drawing
from onespike_lava.report.drawing import subplots
from onespike_lava.system.files import write_atomic

NETWORKS = ("resnet20-cifar10", sources.DEEP)
STEPS = ("correction", "clipping", "code", "integers")
IMAGES, BLOCK = 200, 50
"""Images that judge, and how many of them are held at a time."""

Values = dict[str, NDArray[Any]]
Moves = dict[tuple[str, str], NDArray[Any]]


def main() -> None:
    """Measure what is missing, draw, write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", action="store_true", help="measure nothing")
    given = parser.parse_args()
    results = Results("arising", "python netx_models/arising.py")
    for name in () if given.table else NETWORKS:
        results.take(name, lambda name=name: arising(name))
    found = json.loads((RESULTS / "arising.json").read_text())
    with drawing.style():
        drawing.save(by_depth(found["figures"]), FIGURES, "loss-by-depth")
    text = PAGE.format(
        measured=measured(found),
        images=IMAGES,
        shares=shares(found["figures"]),
        layers=layers(found["figures"]["resnet20-cifar10"]),
        overfit=overfit(found["figures"]),
    )
    print(text)
    write_atomic(DOCS / "concepts" / "loss.md", text.encode())


def arising(name: str) -> dict[str, Any]:
    """The shares of a network's layers, with the default recipe."""
    source = sources.load(name, "validation", limit=IMAGES)
    found = convert(source.model, drawn(0))
    parts = Parts.of(found.network, found.source)
    exact, moves = [], []
    for start in range(0, IMAGES, BLOCK):
        one, of_block = moved(found, parts, source.x[start : start + BLOCK])
        exact.append(one)
        moves.append(of_block)
    known = np.concatenate(exact)
    joined = {key: np.concatenate([each[key] for each in moves]) for key in moves[0]}
    error = np.sum(list(joined.values()), axis=0)
    whole = float((error**2).sum())
    variance = float(((known - known.mean(0)) ** 2).sum())
    seen = drawn(0)[: 5 * IMAGES : 5]

    def of_layer(layer: str) -> list[tuple[str, NDArray[Any]]]:
        return [(kind, joined[layer, kind]) for kind in STEPS if (layer, kind) in joined]

    return {
        "error": whole / variance,
        "error_seen": relative(logits(found, seen), found.source.evaluate(seen)),
        "error_real": relative(found.simulate(source.x), known),
        "layers": [
            {
                "name": layer,
                "stream": bool(_is_sum(found.prepared, layer)),
                "share": {s: float((m * error).sum()) / whole for s, m in of_layer(layer)},
                "alone": {s: float((m**2).sum()) / variance for s, m in of_layer(layer)},
            }
            for layer in dict.fromkeys(layer for layer, _ in joined)
        ],
    }


def logits(found: Conversion, x: NDArray[Any]) -> NDArray[Any]:
    """Those of the integers."""
    return found.network.run(x).scores * found.network.output_scale


def _is_sum(graph: Graph, layer: str) -> bool:
    """Whether a layer sums, or is the first: the residual stream."""
    node = graph.node(layer)
    return node.op == "add" or graph.input.name in node.inputs


def moved(found: Conversion, parts: Parts, x: NDArray[Any]) -> tuple[NDArray[Any], Moves]:
    """The source's logits, and by how much each step moves them, of samples [N, *shape]."""
    network, before = found.network, parts.prepared
    spikes = network.compute(Samples(network.input, x), record=True)
    hidden = {layer.name: layer for layer in network.hidden}
    values = parts.exact(x)
    exact = last = parts.logits(values)
    entry = decode(network.input, encode(network.input, x).integers).astype(np.float32)
    known: Values = {before.input.name: entry}
    moves: Moves = {}
    for end in Layers(before).ends[1:]:
        if end.op == "maxpool":
            known[end.name] = step(end, [known[end.inputs[0]]])
            continue
        name = Layers(before).potential(end).name
        for kind, value in _steps(found, parts, end, known, spikes, hidden.get(name)):
            now = value if end.name == before.output else _tail(before, known | {end.name: value})
            moves[name, kind] = now - last
            last = now
            known[end.name] = value
    return exact, moves


def _steps(
    found: Conversion, parts: Parts, end: Node, known: Values, spikes: Any, layer: Any
) -> Iterator[tuple[str, NDArray[Any]]]:
    """The values of a layer's end after each step, float32[N, *shape]."""
    after = Layers(found.prepared)
    node = found.prepared.node(end.name)
    maps = {each.name: step(each, [known[each.inputs[0]]]) for each in after.maps(node)}
    potential = after.potential(node)
    total = step(potential, list(maps.values())) if potential.op == "add" else maps[potential.name]
    if not is_spiking(end):
        yield "correction", total
        yield "integers", spikes.scores * found.network.output_scale
        return
    value = step(node, [total])
    code = found.codes[end.name]
    wide = (-1, *[1] * (value.ndim - 2))
    yield "correction", value
    yield "clipping", np.minimum(value, (code.constant * code.levels[0]).reshape(wide))
    yield "code", code.apply(value).astype(np.float32)
    yield "integers", parts.decoded(layer, spikes.codes[layer.name])


def _tail(graph: Graph, known: Values) -> NDArray[Any]:
    """Logits of the source behind layers whose values are known."""
    needed = _needed(graph, known)
    return run(needed, graph.output, dict(known))


def _needed(graph: Graph, known: Values) -> tuple[Node, ...]:
    """The nodes that the output needs beside what is known."""
    wanted, kept = {graph.output}, []
    for node in reversed(graph.nodes):
        if node.name in wanted and node.name not in known:
            kept.append(node)
            wanted |= set(node.inputs)
    return tuple(reversed(kept))


def by_depth(values: dict[str, Any]) -> Any:
    """Shares of each layer, a panel for each network."""
    figure, axes = subplots(len(values), figsize=(6.4, 2.2 * len(values)))
    panels = np.atleast_1d(axes)
    for axis, (name, found) in zip(panels, values.items(), strict=True):
        rows = found["layers"]
        place = np.arange(len(rows))
        for kind, colour in (("code", "C0"), ("correction", "C1")):
            heights = np.array([100 * row["share"].get(kind, 0.0) for row in rows])
            axis.bar(place, heights, 0.8, color=colour, label=kind)
        others = ("clipping", "integers")
        rest = [100 * sum(row["share"].get(kind, 0.0) for kind in others) for row in rows]
        axis.plot(place, rest, ".", color="C2", ms=4, label="clipping and integers")
        marks = [at for at, row in enumerate(rows) if row["stream"]]
        axis.plot(marks, [0.0] * len(marks), "k|", ms=6, label="residual stream")
        axis.set(ylabel="share of the error, %", title=name, xlabel="layer")
        axis.locator_params(axis="x", integer=True)
        axis.spines[["top", "right"]].set_visible(False)
    panels[0].legend(frameon=False, ncols=2, fontsize="small", loc="upper right")
    return drawing.finished(figure)


def shares(values: dict[str, Any]) -> str:
    """What steps and kinds of layers share in the error of each network."""
    lines: list[tuple[object, ...]] = []
    for name, found in values.items():
        for kind, chosen in (("residual stream", True), ("inside of blocks", False)):
            rows = [row for row in found["layers"][:-1] if row["stream"] is chosen]
            lines.append((name, f"{kind}, {len(rows)} layers", *_sums(rows)))
        lines.append((name, "readout", *_sums(found["layers"][-1:])))
        lines.append((name, "all", *_sums(found["layers"])))
    return table(("network", "layers", *(f"{each} %" for each in STEPS), "sum %"), lines)


def _sums(rows: list[dict[str, Any]]) -> tuple[str, ...]:
    found = [100 * sum(row["share"].get(kind, 0.0) for row in rows) for kind in STEPS]
    return tuple(f"{each:.1f}" for each in (*found, sum(found)))


def overfit(values: dict[str, Any]) -> str:
    """The correction's own noise: errors on images that it has seen beside others."""
    head = ("network", "error", "on calibration images", "in real numbers")
    lines = [
        (name, *(f"{found[each]:.4f}" for each in ("error", "error_seen", "error_real")))
        for name, found in values.items()
    ]
    return (
        "Were the correction fitted to the noise of its images, the error would be smaller on "
        "these.\nReal numbers are those of the code alone, without integers.\n\n"
        + table(head, lines)
    )


def layers(found: dict[str, Any]) -> str:
    """Every layer of a network: shares, and what its code alone would cost."""
    lines = [
        (row["name"], "stream" if row["stream"] else "",
         *(f"{100 * row['share'].get(kind, 0.0):.1f}" for kind in STEPS),
         f"{row['alone'].get('code', 0.0):.5f}")
        for row in found["layers"]
    ]  # fmt: skip
    return table(("layer", "", *(f"{each} %" for each in STEPS), "code alone"), lines)


PAGE = """# Where loss arises

A one-spike network loses accuracy because its logits are not those of its source. How far they
are apart, squared, over the logits' variance, is the *error* of this page and of [what one
spike loses](../loss.md). Measured by

{measured}

with the default recipe, `T = 16`, 1,000 calibration images, on {images} training images that
calibration did not see.

## How it is taken apart

Layer by layer, the source becomes its one-spike network, in four steps, and after each step the
rest of the source runs on what there is:

- **correction**: the weights that were moved to make up for coding errors before them read
  coded values;
- **clipping**: what exceeds the highest level is cut off there;
- **code**: every value becomes a level;
- **integers**: int8 weights, whole thresholds and payloads, as the file has them.

Each step moves the logits. Its share is what this move has in common with the whole error,
`sum(move * error) / sum(error**2)`: shares add up to 100 %, and a step that takes error away
has a negative one. With so few images a share of a layer is good to about two points. What is
called integers are values near a threshold that fall to its other side, which is as far from
them: in real numbers the whole error is nearly the same.

![Share of the error by layer: the code of the first layer is the largest of all, the sums of
the residual stream come next, layers inside of blocks matter
little](../figures/loss-by-depth.svg)

{shares}

{overfit}

## Layer by layer: ResNet-20

"code alone" is the error where that step's move was the only one.

{layers}

## What follows

- Most arises in the residual stream: what a block adds is coded anew with everything before it,
  so a value of the first layer is coded once for each block. The first layer alone costs most,
  for all else reads it. Layers inside of blocks add little.
- The correction has hardly noise of its own: the error is no smaller on the images that it was
  fitted to.
- Clipping is the price of finer levels below: constants and levels are those of the least
  squared error, both together.
- Only a finer code lowers what is left: more phases, or two neurons for each value of the
  stream ([`--double stream`](conversion.md)), which halve the stream's steps.

## Tried, and left out

On ResNet-20 at `T = 16`, on training images that calibration did not see; single trials, which no
script of the repository repeats, so without figures.

- *Offsets between channels or places* (dither, error feedback), so that errors average out
  behind the next map: they do so already, since errors of two channels hardly correlate.
- *Levels weighted by what errors cost behind them* (squared gradients of the logits), *trained-like
  maps in the place of skips*, *more places of an image or a weaker ridge in the correction*:
  a few percent of the error at most.
- *Levels and constants refitted to coded potentials*: nothing.
- *Levels of their own for each channel*: less error within a layer, but a table that no layer of
  the file has.
"""


if __name__ == "__main__":
    main()
