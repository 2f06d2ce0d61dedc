"""Train `stdp.net`: `python train.py [FOLDER] [--figures FOLDER]`, some seconds.

FOLDER, by default this one, takes the network; another than this one also what is kept while it
learns, so that a killed run goes on. `--figures` writes those of docs/stdp.md; it needs matplotlib.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import data

import onespike_lava
from exporters.training import stdp
from onespike_lava.report.learning import save_learning_figures

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Learn, save, print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=HERE)
    parser.add_argument("--figures", type=Path, help="folder of figures")
    given = parser.parse_args()
    folder = given.folder
    x, y, x_test, y_test = data.split()
    kept = folder / "learnt.npz" if folder != HERE else None
    trained = stdp.train(x, y, path=kept, progress=told)
    onespike_lava.save(trained.network, folder / "stdp.net")
    right = (trained.network.predict(stdp.encode(x_test)) == y_test).mean()
    for number, layer in enumerate(trained.layers, 1):
        print(
            f"layer {number}: {layer.samples} samples, {layer.connectivity:.2%} of "
            f"{layer.live.size} connections live"
        )
    print(f"{right:.2%} of {len(y_test)} test images")
    if given.figures:
        save_learning_figures(trained.recipe.stages, trained.layers, given.figures)


def told(name: str, done: int, total: int) -> None:
    """A line for every look."""
    print(f"{name}: {done} of {total} samples at most", flush=True)


if __name__ == "__main__":
    main()
