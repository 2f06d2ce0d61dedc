"""Trained networks as integers: `python deployed.py`; float, int8, and every engine on 100 images.

Networks of `sew.py` and `s2nn.py` with seed 0, trained as there, exported with the exporters'
defaults (calibrated on 500 training images), and compared spike by spike: torch on the rounded
weights (the float twin), the reference, numba, and Lava where it is installed. TSSL-BP's network,
in Lava's own neurons, has a folder and a card: `netx_models/tssl-mnist5k`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import mnist5k
import numpy as np
import runs
import s2nn
import sew
import torch
from data import split
from torch import Tensor, nn

from exporters import convert_spiking, twin
from exporters.training import Plan, Shifts, fit
from onespike_lava import Network
from onespike_lava.evaluation.tally import evaluate

CALIBRATION, COMPARED = 500, 100
Samples = tuple[Tensor, Tensor, Tensor, Tensor]


def digits() -> Samples:
    """Training and test images of scikit-learn's digits."""
    x, y, x_test, y_test = map(torch.from_numpy, split())
    return x, y, x_test, y_test


def train(
    make: Callable[[], nn.Module],
    samples: Callable[[], Samples],
    plan: Plan,
    augment: Any,
    work: Path,
) -> Mapping[str, Any]:
    """One network: trained, exported, compared."""
    x, y, x_test, y_test = samples()
    torch.manual_seed(0)
    model = make()
    result = fit(model, x, y, plan, test=(x_test, y_test), augment=augment, path=work)
    found = convert_spiking(model.eval(), x[:CALIBRATION].numpy())
    return {
        **runs.kept(result),
        **counted(found.network, x_test.numpy(), y_test.numpy()),
        "equal": equal(found.network, x_test[:COMPARED]),
    }


def counted(network: Network, x: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    """Accuracy and operations of integers on samples."""
    found = evaluate(network, x, y, "numba")
    return {
        "int8": found.accuracy,
        "spikes": round(found.spikes_per_neuron, 4),
        "synops": round(found.energy.exact),
        "input_macs": round(found.energy.input_macs),
        "macs": found.energy.macs,
    }


def equal(network: Network, x: Tensor) -> list[str]:
    """As `runs.equal`, and torch on the rounded weights."""
    expected = network.run(x.numpy(), "reference", record=True)
    with torch.no_grad():
        trains = twin(network).trains(x)
    for layer in network.neurons:
        if not np.array_equal(trains[layer].numpy(), expected.trains(layer)):
            raise RuntimeError(f"torch differs from the reference in {layer}")
    return ["torch", *runs.equal(network, x.numpy(), expected)]


def every() -> dict[str, runs.Train]:
    """Name -> run."""
    plan = Plan(epochs=8, batch=48, rate=sew.RATES[0], validation=0.1)
    single = Plan(epochs=12, batch=50, rate=0.05, decay=5e-4, validation=0.1)
    made: dict[str, runs.Train] = {
        f"{kind} 20, digits": partial(train, partial(sew.network, kind, 20), digits, plan, None)
        for kind in ("ADD", "IAND", "spiking")
    }
    made["S2NN, MNIST-5k"] = partial(
        train, partial(s2nn.network, "S2NN"), mnist5k.split, single, Shifts(2)
    )
    return made


if __name__ == "__main__":
    runs.main("deployed", __doc__.splitlines()[0], every())
