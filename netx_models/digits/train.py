"""Train the default model and write `digits.onnx` beside this file: `python train.py`.

Seeded and on one thread, so that the same versions of torch and numpy give the same weights.
Needs torch, onnx and scikit-learn. The test images only judge the end.
"""

from __future__ import annotations

import inspect
import sys
import warnings
from pathlib import Path

import numpy as np
import torch
from data import split
from model import build
from torch import nn

EPOCHS = 60
BATCH = 60
SEED = 1


def train() -> nn.Sequential:
    """The trained network, in evaluation mode."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    images, labels, _, _ = split()
    x, y = torch.from_numpy(images), torch.from_numpy(labels)
    model = build()
    optimiser = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=1e-2)
    steps = EPOCHS * (len(x) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    loss = nn.CrossEntropyLoss(label_smoothing=0.05)
    for _ in range(EPOCHS):
        order = torch.randperm(len(x))[: len(x) // BATCH * BATCH]
        for chosen in order.reshape(-1, BATCH):
            optimiser.zero_grad()
            loss(model(_moved(x[chosen])), y[chosen]).backward()
            optimiser.step()
            schedule.step()
    return model.eval()


def _moved(x: torch.Tensor) -> torch.Tensor:
    """The images, each moved by up to one pixel: more to learn from."""
    padded = nn.functional.pad(x, (1, 1, 1, 1))
    shifts = torch.randint(0, 3, (len(x), 2)).tolist()
    return torch.stack(
        [image[:, i : i + 8, j : j + 8] for image, (i, j) in zip(padded, shifts, strict=True)]
    )


def accuracy(model: nn.Module) -> float:
    """Share of the test images that the network gets right."""
    _, _, images, labels = split()
    with torch.no_grad():
        found = model(torch.from_numpy(images)).argmax(1).numpy()
    return float(np.mean(found == labels))


def write(model: nn.Module, path: Path) -> None:
    """Write the network as ONNX with its batch norms unfolded and nothing of this machine."""
    import onnx

    known = inspect.signature(torch.onnx.export).parameters
    options = {"dynamo": False} if "dynamo" in known else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            (torch.zeros(1, 1, 8, 8),),
            str(path),
            input_names=["image"],
            output_names=["logits"],
            dynamic_axes={"image": {0: "N"}, "logits": {0: "N"}},
            opset_version=17,
            training=torch.onnx.TrainingMode.PRESERVE,
            do_constant_folding=False,
            **options,
        )
    stored = onnx.load(str(path))
    for node in stored.graph.node:
        node.doc_string = ""
        if hasattr(node, "metadata_props"):  # onnx 1.16 and later
            del node.metadata_props[:]
        node.name = node.name.strip("/").rsplit("/", 1)[0]
    onnx.checker.check_model(stored)
    onnx.save(stored, str(path))


if __name__ == "__main__":
    trained = train()
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "digits.onnx"
    write(trained, target)
    sys.stdout.write(f"{target.name}: {accuracy(trained):.2%} of the test images right\n")
