"""The main job on real data: `make demo`.

Exports `digits.onnx`, evaluates the whole test split, runs some test samples through Lava,
and prints one table. Exits with 1 where engines disagree or accuracy is lost.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from data import CALIBRATION, split

from exporters import Conversion, convert
from onespike_lava import Network, Run, load, save
from onespike_lava.evaluation.comparison import first_difference
from onespike_lava.evaluation.tally import Evaluation, evaluate
from onespike_lava.layers import Synapse

HERE = Path(__file__).parent
LAVA_SAMPLES = 20


def main() -> int:
    """Print the table; 0 if all is as it should be."""
    x_train, _, x_test, y_test = split()
    print(f"Exporting {HERE.name}/digits.onnx, calibrated on {CALIBRATION} training images")
    found = convert(HERE / "digits.onnx", x_train[:CALIBRATION])
    with tempfile.TemporaryDirectory() as folder:
        save(found.network, Path(folder) / "digits.net")
        network = load(Path(folder) / "digits.net")
    moved = moved_weights(network, load(HERE / "digits.net"))
    print(
        f"{moved} of {weights(network)} weights are rounded otherwise than in the shipped "
        f"{HERE.name}/digits.net, which another machine made"
    )
    few = x_test[:LAVA_SAMPLES]
    print(f"Running {len(x_test)} test images on the integer core, {len(few)} of them in Lava")
    whole = evaluate(network, x_test, y_test, "numpy")
    names = ("reference", "numpy", "numba", "lava")
    runs = {name: network.run(few, name, record=True) for name in names}
    agree = [first_difference(run, runs["reference"]) is None for run in runs.values()]
    print_table(found, whole, runs["lava"], x_test, y_test)
    lost = errors(found.source.evaluate(x_test), y_test) - (len(y_test) - whole.correct)
    print(f"\nEngines {', '.join(runs)} agree in every spike and score: {all(agree)}")
    return 0 if all(agree) and moved <= weights(network) / 100 and lost >= -2 else 1


def weights(network: Network) -> int:
    """Weights of all synapses."""
    return sum(synapse.weight.size for synapse in synapses(network))


def moved_weights(one: Network, two: Network) -> int:
    """Weights that differ by a step, as another machine's matrix products may make them."""
    pairs = zip(synapses(one), synapses(two), strict=True)
    return sum(int(np.count_nonzero(a.weight != b.weight)) for a, b in pairs)


def synapses(network: Network) -> list[Synapse]:
    """All synapses in order."""
    return [s for layer in network.layers for s in getattr(layer, "synapses", ())]


def errors(scores: np.ndarray, labels: np.ndarray) -> int:
    """Samples whose largest score is not that of their label."""
    return int(np.count_nonzero(scores.argmax(axis=1) != labels))


def print_table(
    found: Conversion, whole: Evaluation, lava: Run, x: np.ndarray, y: np.ndarray
) -> None:
    """Accuracies in a row: source network, one-spike in reals, in integers, in Lava."""
    few = len(lava.scores)
    wrong = len(y) - whole.correct
    lines = [
        ("", "samples", "accuracy", "errors", "spikes per neuron"),
        line("ANN (source network)", len(y), errors(found.source.evaluate(x), y)),
        line("one-spike, real numbers", len(y), errors(found.simulate(x), y)),
        line(f"one-spike, integers ({whole.engine})", len(y), wrong, whole.spikes_per_neuron),
        line("one-spike, Lava fixed_pt", few, errors(lava.scores, y[:few]), rate(found, lava)),
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    print()
    for first, *rest in lines:
        cells = [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        print("  ".join([first.ljust(widths[0]), *cells]).rstrip())


def line(name: str, samples: int, wrong: int, spikes: float | None = None) -> Sequence[str]:
    """One row of the table."""
    share = f"{100 * (samples - wrong) / samples:.2f} %"
    return name, str(samples), share, str(wrong), "" if spikes is None else f"{spikes:.3f}"


def rate(found: Conversion, run: Run) -> float:
    """Spikes per hidden neuron and sample."""
    neurons = found.network.neurons
    spikes = sum(run.spikes[name] for name in neurons)
    return spikes / (sum(neurons.values()) * len(run.scores))


if __name__ == "__main__":
    sys.exit(main())
