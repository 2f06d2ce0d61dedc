"""The command lines that read each kind of file, as a user types them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.hostile.case import NET, ONNX

Words = list[str]

FOREIGN = [
    "--steps",
    "9",
    "--dt",
    "0.5",
    "--reset",
    "subtract",
    "--spikes",
    "many",
    "--floor",
    "-9",
    "--if-r",
    "step",
]
"""What a NIR file of another tool is read with."""


def lines(path: Path, folder: Path) -> list[Words]:
    """Every command that reads the file; the first one is the quickest.

    folder : holds `sound.npz`, and takes what the commands write
    """
    data, out = f"{folder / 'sound.npz'}", str(folder / "out")
    file, net = str(path), str(NET)
    exported = ["--calibration", data, "-o", f"{out}.net"]
    found: dict[str, list[Words]] = {
        ".net": [
            ["inspect", file],
            ["check", file, "--stock"],
            ["run", file, "--input", data, "-o", f"{out}.npz"],
            ["evaluate", file, "--data", data],
            ["verify", file, "--data", data],
            ["report", file, "--data", data, "-o", f"{out}.html"],
            ["convert", file, "-o", f"{out}.nir"],
        ],
        ".nir": [
            ["convert", file, "-o", f"{out}.net"],
            ["convert", file, "-o", f"{out}.net", *FOREIGN],
        ],
        ".onnx": [
            ["export", file, *exported],
            ["verify", net, "--data", data, "--model", file],
            ["report", net, "--data", data, "--model", file, "-o", f"{out}.html"],
            ["tune", file, "--calibration", data, "--data", data, "-o", f"{out}.tuned"],
        ],
        ".npz": [
            ["evaluate", net, "--data", file, "--engine", "numpy"],
            ["evaluate", net, "--data", file],
            ["run", net, "--input", file, "-o", f"{out}.npz"],
            ["verify", net, "--data", file],
            ["check", net, "--data", file],
            ["report", net, "--data", file, "-o", f"{out}.html"],
            ["export", str(ONNX), "--calibration", file, "-o", f"{out}.net"],
            ["tune", str(ONNX), "--calibration", file, "--data", file, "-o", f"{out}.tuned"],
        ],
        ".npy": [["run", net, "--input", file, "-o", f"{out}.npz", "--engine", "numpy"]],
        ".safetensors": [["export", "model:build", "--weights", file, *exported]],
        ".adjacency": [["export", "graph:build", "--adjacency", file, "-o", f"{out}.net"]],
    }
    return found[path.suffix]


def prepare(folder: Path) -> None:
    """The sound data that commands read beside the hostile file, and a graph network."""
    rng = np.random.default_rng(0)
    x = (rng.integers(0, 17, (24, 1, 8, 8)) / 16).astype(np.float32)
    np.savez(folder / "sound.npz", x=x, y=rng.integers(0, 10, 24))
    (folder / "graph.py").write_text(GRAPH)


GRAPH = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Linear(6, 4, bias=False), nn.Linear(4, 3, bias=False)

    def forward(self, x, adjacency):
        x = torch.relu(torch.sparse.mm(adjacency, self.one(x)))
        return torch.sparse.mm(adjacency, self.two(x))


def build():
    torch.manual_seed(0)
    return Net()
"""
