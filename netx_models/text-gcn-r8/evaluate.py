"""The table of the card: `python evaluate.py WEIGHTS.safetensors`.

Converts the trained network with several recipes and prints, for each, the accuracy on the
training and the test documents, spikes, and the energy ratio (Eq. 6 of arXiv:2403.08786).
`--lava 400` runs the graph of some test documents and their words in Lava too. `--write
FILE.net` keeps the network of the last recipe and, beside it, its data as
`.npz` for `onespike evaluate`.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path
from typing import Any

import data
import numpy as np
import torch
from model import TextGCN
from numpy.typing import NDArray
from safetensors.torch import load_file

from exporters.gcn import GraphConversion, convert
from onespike_lava import save
from onespike_lava.energy import PICOJOULES
from onespike_lava.evaluation.comparison import first_difference
from onespike_lava.evaluation.tally import Evaluation, evaluate

RECIPES: dict[str, dict[str, Any]] = {
    "T = 24, base of Eq. 5": {"phases": 24},
    "T = 16, base of Eq. 5": {"phases": 16},
    "T = 16, conv1.map Q = 1.1": {"phases": 16, "bases": {"conv1.map": 1.1}},
    "T = 16, conv1.map Q = 1.15": {"phases": 16, "bases": {"conv1.map": 1.15}},
}
PAPER_RATIO = 6.59
"""Energy ratio of the paper on R8 (Table V)."""


def main() -> None:
    """Print a line per recipe."""
    options = arguments()
    r8, model = data.load(), trained(options.weights)
    found = None
    for name, recipe in RECIPES.items():
        began = time.perf_counter()
        found = convert(model, None, adjacency=r8.adjacency, **recipe)
        seconds = time.perf_counter() - began
        if name == next(iter(RECIPES)):
            source = found.source.evaluate(found.features)
            print(f"{found.source.macs:,} MACs a graph; {share('ANN', source, r8)}")
        print(f"{name}, bases {bases(found)}: {share('real numbers', found.simulate(), r8)}")
        began = time.perf_counter()
        whole = evaluate(found.network, found.features, r8.labels, mask=r8.test)
        running = time.perf_counter() - began
        part = evaluate(found.network, found.features, r8.labels, mask=r8.train)
        print(
            f"    int8: train {100 * part.accuracy:.2f} %, test {100 * whole.accuracy:.2f} %, "
            f"loses {accuracy(source, r8, r8.test) - 100 * whole.accuracy:.2f} points; "
            f"spikes per value {spikes(found, whole)}; E {ratio(found, whole):.2f} (paper "
            f"{PAPER_RATIO}); export {seconds:.0f} s, run {running:.1f} s",
            flush=True,
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"Largest memory of this process: {peak:.1f} GiB")
    if options.lava:
        print(in_lava(r8, options.weights, options.lava))
    if options.write and found:
        save(found.network, options.write)
        y, mask = np.maximum(r8.labels, 0), r8.test
        x = found.features.astype(np.float32)
        np.savez(options.write.with_suffix(".npz"), x=x, y=y, mask=mask)


def in_lava(r8: data.R8, path: Path, size: int) -> str:
    """Run the graph of the first test documents and their most frequent words in Lava."""
    documents = np.flatnonzero(r8.test)[: size // 2]
    words = np.flatnonzero(~(r8.test | r8.train))
    heaviest = np.argsort(np.diff(r8.adjacency[documents].tocsc().indptr)[words], kind="stable")
    nodes = np.concatenate([documents, np.sort(words[heaviest[-(size - len(documents)) :]])])
    part = r8.adjacency[nodes][:, nodes]
    network = (found := convert(trained(path, nodes), None, adjacency=part)).network
    expected = network.run(found.features, "numpy", record=True)
    began = time.perf_counter()
    run = network.run(found.features, "lava", record=True)
    same = first_difference(run, expected) is None
    seconds = time.perf_counter() - began
    return f"Lava: {len(nodes)} nodes, every spike and score as numpy's: {same}, {seconds:.0f} s"


def trained(path: Path, nodes: NDArray[np.int64] | None = None) -> TextGCN:
    """The network with the weights of a file, of some nodes only."""
    state = load_file(path)
    if nodes is not None:
        state["conv1.weight"] = state["conv1.weight"][nodes]
    inputs, hidden = state["conv1.weight"].shape
    with torch.device("meta"):
        model = TextGCN(inputs, state["conv2.weight"].shape[1], hidden)
    model.load_state_dict(state, assign=True)
    return model.eval()


def share(name: str, scores: NDArray[np.float64], r8: data.R8) -> str:
    """Accuracies in words."""
    train, test = (accuracy(scores, r8, nodes) for nodes in (r8.train, r8.test))
    return f"{name}: train {train:.2f} %, test {test:.2f} %"


def accuracy(scores: NDArray[np.float64], r8: data.R8, nodes: NDArray[np.bool_]) -> float:
    """Percent of the nodes whose largest score is that of their class."""
    return 100 * float(np.mean(scores[nodes].argmax(1) == r8.labels[nodes]))


def bases(found: GraphConversion) -> str:
    """The base of each layer."""
    return ", ".join(f"{code.base:g}" for code in found.codes.values())


def spikes(found: GraphConversion, run: Evaluation) -> str:
    """Spikes for each value that a layer carries; a pair of neurons carries one."""
    pairs = {name: 2 if name.endswith(".map") else 1 for name in found.codes}
    neurons = found.network.neurons
    rates = (f"{n} {run.spikes[n] * pairs[n] / neurons[n]:.2f}" for n in found.codes)
    return ", ".join(rates)


def ratio(found: GraphConversion, run: Evaluation) -> float:
    """Eq. 6, FP32: the source's multiply-accumulates over the estimated additions."""
    cost = PICOJOULES["fp32"]
    return found.source.macs * cost["mac"] / (run.energy.estimated * cost["add"])


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path, help="what train.py wrote")
    parser.add_argument("--lava", type=int, metavar="NODES", help="also run a sub-graph in Lava")
    parser.add_argument("--write", type=Path, help="write the last network to this .net file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
