"""Train `stdp.net`: `python train.py [FOLDER]`, some seconds; the same bytes each time.

FOLDER also takes what is kept while it learns, so that a killed run goes on.
"""

from __future__ import annotations

import sys
from pathlib import Path

import data

import onespike_lava
from exporters.training import stdp

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Learn, save, print what came of it."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
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


def told(name: str, done: int, total: int) -> None:
    """A line for every look."""
    print(f"{name}: {done} of {total} samples at most", flush=True)


if __name__ == "__main__":
    main()
