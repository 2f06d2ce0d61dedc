"""What one spike loses, by network, `T` and calibration: `python loss.py`.

Each of four draws of 1,000 training images calibrates each network anew; all test images judge.
Prints the table, writes `results/loss.json` row by row and the page docs/loss.md; a second call
measures what is missing. `--only TEXT` takes the rows whose name holds a text.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Iterator
from typing import Any

import cifar10
import numpy as np
import sources
from measure import Results
from numpy.typing import NDArray
from tables import DOCS, measured, table

from exporters import convert
from exporters.fidelity.baseline import in_blocks
from exporters.frontends.read import read
from onespike_lava.evaluation.tally import evaluate
from onespike_lava.loihi import fit
from onespike_lava.system.files import write_atomic

NETWORKS = ("resnet20-cifar10", "vgg-cifar10", sources.DEEP)
DRAWS = range(4)
CALIBRATION = 1000

RECIPES: dict[str, dict[str, Any]] = {
    "default": {},
    "double stream": {"double": "stream"},
    "double all": {"double": "all"},
}

MEASURED = (
    ("default", 16), ("default", 24), ("default", 8), ("double stream", 16), ("double all", 16),
    ("default", 32), ("double stream", 24), ("double stream", 8),
)  # fmt: skip
"""Recipe and `T` of rows; only a residual network has a stream."""

FEW = 100
"""Images that tell spikes, and calibrate where only the cost counts."""


def main() -> None:
    """Measure what is missing, then print the table and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", metavar="TEXT", help="rows whose name holds it")
    parser.add_argument("--table", action="store_true", help="measure nothing")
    given = parser.parse_args()
    results = Results("loss", "python netx_models/loss.py")
    wanted = [] if given.table else [row for row in rows() if given.only in key(*row)]
    for name in dict.fromkeys(row[0] for row in wanted if key(*row) not in results.values):
        judge = Judge(name)
        for row in wanted:
            if row[0] == name:
                results.take(key(*row), lambda row=row, judge=judge: judge.row(*row[1:]))
                at = row[1:3]
                results.take(cost_key(name, *at), lambda at=at, judge=judge: judge.cost(*at))
    found = json.loads(results.path.read_text())
    lines = means(found["figures"])
    print(lines)
    write_atomic(DOCS / "loss.md", PAGE.format(measured=measured(found), table=lines).encode())


def rows() -> Iterator[tuple[str, str, int, int]]:
    """Network, recipe, `T` and draw of every row, the quick networks first."""
    for name in NETWORKS:
        for recipe, phases in MEASURED:
            if (name, recipe) != ("vgg-cifar10", "double stream"):
                yield from ((name, recipe, phases, draw) for draw in DRAWS)


def key(name: str, recipe: str, phases: int, draw: int) -> str:
    """A row's name in the results."""
    return f"{name}, {recipe}, T = {phases}, draw {draw}"


def cost_key(name: str, recipe: str, phases: int) -> str:
    """The name of what a recipe costs."""
    return f"cost of {name}, {recipe}, T = {phases}"


class Judge:
    """A network, its logits on the test images, and what recipes make of it."""

    def __init__(self, name: str) -> None:
        self.source = sources.load(name, "test")
        graph = read(self.source.model, self.source.x.shape[1:])
        self.exact = in_blocks(graph.evaluate, self.source.x)
        self.right = self.exact.argmax(1) == self.source.y

    def row(self, recipe: str, phases: int, draw: int) -> dict[str, Any]:
        """The figures of one conversion; the images that it gains and loses by number."""
        found = convert(self.source.model, drawn(draw), phases=phases, **RECIPES[recipe])
        network = found.network
        run = network.run(self.source.x)
        right = run.predictions == self.source.y
        return {
            "ann": 100 * float(self.right.mean()),
            "snn": 100 * float(right.mean()),
            "agreement": float((run.predictions == self.exact.argmax(1)).mean()),
            "error": relative(run.scores * network.output_scale, self.exact),
            "lost": _numbers(self.right & ~right),
            "gained": _numbers(right & ~self.right),
            "images": len(right),
        }

    def cost(self, recipe: str, phases: int) -> dict[str, float]:
        """Neurons, synaptic operations of a sample, chips."""
        found = convert(self.source.model, drawn(0)[:FEW], phases=phases, **RECIPES[recipe])
        tally = evaluate(found.network, self.source.x[:FEW], self.source.y[:FEW])
        return {
            "neurons": sum(found.network.neurons.values()),
            "synops": tally.energy.exact,
            "chips": fit(found.network).layers[-1].share,
        }


def drawn(draw: int) -> NDArray[np.float32]:
    """Images of a calibration: the training images from 1,000 times its number on."""
    return cifar10.normalised(cifar10.pixels("train", CALIBRATION * draw, CALIBRATION))


def relative(logits: NDArray[Any], exact: NDArray[Any]) -> float:
    """Squared error of logits [N, classes] over the variance of the exact ones."""
    return float(((logits - exact) ** 2).sum() / ((exact - exact.mean(0)) ** 2).sum())


def _numbers(chosen: NDArray[np.bool_]) -> str:
    return " ".join(map(str, np.flatnonzero(chosen)))


def means(values: dict[str, Any]) -> str:
    """A line for each network, recipe and `T`: means over the draws there are."""
    lines: list[tuple[object, ...]] = []
    for name, recipe, phases, _ in dict.fromkeys((*row[:3], 0) for row in rows()):
        keys = [key(name, recipe, phases, draw) for draw in DRAWS]
        known = [values[each] for each in keys if each in values]
        if not known:
            continue
        loss = [each["ann"] - each["snn"] for each in known]
        cost = values.get(cost_key(name, recipe, phases), {})
        lines.append(
            (
                name,
                recipe,
                phases,
                ", ".join(f"{one:.2f}" for one in loss),
                f"{statistics.fmean(loss):.2f} +- {error_of_mean(known):.2f}",
                f"{100 * statistics.fmean(each['agreement'] for each in known):.2f}",
                f"{statistics.fmean(each['error'] for each in known):.4f}",
                f"{cost['neurons'] / 1e3:.0f}" if cost else "",
                f"{cost['synops'] / 1e6:.1f}" if cost else "",
                f"{cost['chips']:.2f}" if cost else "",
            )
        )
    figures = ("loss by draw", "mean loss", "agreement %", "error")
    costs = ("neurons, k", "synops, M", "chips")
    return table(("network", "recipe", "T", *figures, *costs), lines)


def error_of_mean(known: list[dict[str, Any]]) -> float:
    """Standard error, in points, of the mean loss as an estimate for images of that kind.

    Draws share their test images, so an image counts with its mean over the draws.
    """
    lost = np.zeros(known[0]["images"])
    for each in known:
        lost[np.array(each["lost"].split(), int)] += 1 / len(known)
        lost[np.array(each["gained"].split(), int)] -= 1 / len(known)
    return float(100 * lost.std() / np.sqrt(len(lost)))


PAGE = """# What one spike loses

Loss in points of accuracy against the source network, on all 10,000 JPEG test images, by `T`.
Measured by

{measured}

Four draws of 1,000 training images calibrate each network. Draws share the test images, so the
standard error behind a mean is that of these images; where it is as large as the loss, look at the
error: that of the logits squared, over their variance, which has little noise.

{table}

More phases and two neurons for a value buy the same, a finer code. Of ResNet-20 `T = 24` by the
defaults and `T = 16` with `double stream` come to about the same error: the first with half as many
steps again, the second with 1.5 times the neurons and twice the synaptic operations. So the
defaults leave neurons single. Loss grows with depth, since each block codes the residual stream
anew; so a deep residual network gains most, of ResNet-44 two neurons leave a quarter less error
than 24 phases do. A network without skips has no stream; there `all` doubles.
"""


if __name__ == "__main__":
    main()
