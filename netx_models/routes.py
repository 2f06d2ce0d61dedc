"""How many weights differ between a torch network and its ONNX files: `python routes.py`.

Three files of each network: one that keeps its batch norms, one where ONNX's optimizer has folded
them (onnxscript, which PyTorch's exporter calls from 2.9 on), one where the exporter of
TorchScript has. Needs torch, onnx, onnxscript and the data of `cifar10.py`.
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxscript.optimizer
import sources
import torch

from exporters import PAPER, convert
from onespike_lava.layers import Readout, Spiking
from onespike_lava.network import Network

NETWORKS = ("resnet20-cifar10", "vgg-cifar10")

RECIPES: dict[str, dict[str, Any]] = {"default": {}, "paper": dict(PAPER)}


def files(model: torch.nn.Module, shape: tuple[int, ...], folder: Path) -> Iterator[Path]:
    """The ONNX files: kept, optimizer, torchscript."""
    for name, mode in (("kept", "PRESERVE"), ("torchscript", "EVAL")):
        torch.onnx.export(
            model,
            (torch.zeros(1, *shape),),
            str(folder / f"{name}.onnx"),
            input_names=["x"],
            dynamic_axes={"x": {0: "N"}},
            do_constant_folding=name != "kept",
            training=getattr(torch.onnx.TrainingMode, mode),
        )
    folded = onnxscript.optimizer.optimize(onnx.load(str(folder / "kept.onnx")))
    onnx.save(folded, str(folder / "optimizer.onnx"))
    return (folder / f"{name}.onnx" for name in ("kept", "optimizer", "torchscript"))


def weights(network: Network) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Every weight of the network, int64[weights]."""
    layers = [each for each in network.layers if isinstance(each, (Spiking, Readout))]
    parts = [synapse.weight.ravel() for layer in layers for synapse in layer.synapses]
    return np.concatenate(parts).astype(np.int64)


def main() -> None:
    """Print a line for each network, recipe and file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calibration", type=int, default=500, help="images")
    count = parser.parse_args().calibration
    warnings.simplefilter("ignore")
    for name in NETWORKS:
        source = sources.load(name, "validation", limit=1, calibration=count)
        with tempfile.TemporaryDirectory() as folder:
            made = list(files(source.model.eval(), source.x.shape[1:], Path(folder)))
            for recipe, options in RECIPES.items():
                one = weights(convert(source.model, source.calibration, **options).network)
                for path in made:
                    two = weights(convert(path, source.calibration, **options).network)
                    apart = np.abs(one - two)
                    print(
                        f"{name:18s} {recipe:8s} {path.stem:12s} {np.count_nonzero(apart)} of "
                        f"{apart.size} weights differ, by {apart.max()} at most",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
