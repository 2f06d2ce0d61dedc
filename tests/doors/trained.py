"""Three networks trained in a minute or two: a U-Net, an autoencoder, a 1-D network.

`python -m tests.doors.trained` prints the table of `docs/tried.md`: what each is worth before and
after conversion, on data that neither training nor calibration saw.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from exporters import convert
from netx_models.digits.data import split
from onespike_lava.evaluation.tally import evaluate
from tests.doors.modules import UNet, autoencoder

Array = NDArray[Any]
INK = 0.3
"""Pixels above this belong to the digit; the others are background, class 10."""

PHASES = 16
Loss = Callable[[Any, Any], Any]


def pixels(x: Array, y: Array) -> Array:
    """The class of each pixel, int64[N, 8, 8]."""
    return np.where(x[:, 0] > INK, y[:, None, None], 10)


def signals(count: int, seed: int) -> tuple[Array, Array]:
    """Sines, squares and chirps in noise, float32[N, 1, 64], and which is which."""
    random = np.random.default_rng(seed)
    kind, steps = random.integers(0, 3, count), np.arange(64) / 64
    speed, phase = random.uniform(3, 7, (count, 1)), random.uniform(0, 2 * np.pi, (count, 1))
    sine = np.sin(2 * np.pi * speed * steps + phase)
    chirp = np.sin(2 * np.pi * speed * steps**2 + phase)
    wave = np.choose(kind[:, None], [sine, np.sign(sine), chirp])
    return (wave + random.normal(0, 0.3, wave.shape))[:, None].astype(np.float32), kind


def unet() -> nn.Module:
    """Two levels, transposed convolutions, 11 classes."""
    return UNet(lambda inputs, outputs: nn.ConvTranspose2d(inputs, outputs, 2, 2), 11)


def images() -> nn.Module:
    """Four times smaller and back."""
    up = [nn.ConvTranspose2d(8, 8, 2, 2), nn.ReLU(), nn.ConvTranspose2d(8, 1, 2, 2)]
    return autoencoder(*up)()


def row() -> nn.Module:
    """Three convolutions of [N, 1, 64]."""
    return nn.Sequential(
        *(nn.Conv1d(1, 12, 7, 2, 3), nn.BatchNorm1d(12), nn.LeakyReLU(0.1)),
        *(nn.Conv1d(12, 16, 5, 2, 2), nn.ReLU(), nn.MaxPool1d(2)),
        *(nn.Conv1d(16, 16, 3, padding=1), nn.ReLU()),
        *(nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(16, 3)),
    )


def trained(make: Callable[[], nn.Module], x: Array, y: Array, loss: Loss, steps: int) -> nn.Module:
    """The network after so many steps of Adam on batches of 64."""
    torch.manual_seed(0)
    module, inputs, targets = make(), torch.from_numpy(x), torch.from_numpy(y)
    adam = torch.optim.Adam(module.parameters(), 3e-3)
    pace = torch.optim.lr_scheduler.OneCycleLR(adam, 1e-2, steps)
    for _ in range(steps):
        chosen = torch.randint(len(x), (64,))
        adam.zero_grad()
        loss(module(inputs[chosen]), targets[chosen]).backward()
        adam.step()
        pace.step()
    return module.eval()


def answers(module: nn.Module, x: Array) -> Array:
    """What a module says to samples."""
    with torch.no_grad():
        found: Array = module(torch.from_numpy(x)).numpy()
    return found


def lines() -> list[str]:
    """Rows of the table."""
    x, y, test_x, test_y = split()
    classes, squares = nn.CrossEntropyLoss(), nn.MSELoss()
    rows = []

    net = trained(unet, x, pixels(x, y), classes, 1500)
    known = pixels(test_x, test_y)
    before = (answers(net, test_x).argmax(1) == known).mean()
    network = convert(net, x[:500], phases=PHASES).network
    found = evaluate(network, test_x, known)
    told = f"{100 * before:.2f} % of pixels | {100 * found.accuracy:.2f} % of pixels, mean IoU"
    rows.append(f"| U-Net, digits by pixel | {told} {100 * (found.mean_iou or 0):.1f} % |")

    net = trained(images, x, x, squares, 1500)
    error = float(((answers(net, test_x) - test_x) ** 2).mean())
    network = convert(net, x[:500], phases=PHASES).network
    found = evaluate(network, test_x, test_x.astype(float))
    told = f"squared error {error:.5f} | squared error {found.squared_error:.5f}, R2 {found.r2:.3f}"
    rows.append(f"| autoencoder of digits | {told} |")

    wave, kind = signals(2000, 0)
    net = trained(row, wave, kind, classes, 1000)
    test_wave, test_kind = signals(1000, 1)
    before = (answers(net, test_wave).argmax(1) == test_kind).mean()
    network = convert(net, wave[:500], phases=PHASES).network
    found = evaluate(network, test_wave, test_kind)
    rows.append(
        f"| 1-D convolutions, LeakyReLU, three kinds of signal | {100 * before:.2f} % | "
        f"{100 * found.accuracy:.2f} % |"
    )
    return rows


if __name__ == "__main__":
    head = ["| network | source | one-spike, `T = 16`, defaults |", "|---|---|---|"]
    print("\n".join([*head, *lines()]))
