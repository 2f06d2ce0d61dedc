"""Write `tests/exporters/frontends/spiking/traces.npz`: what the libraries' neurons send.

Run by `make test-libraries` with `--check`, which compares instead. Input is in eighths of what
reaches the threshold at once, so that ties abound; where every constant is a power of two, sums are
exact in float64 and any difference is one of rules.
"""

import json

import numpy as np
import torch

from exporters.form import Form
from exporters.frontends.spiking.neurons import kind_of
from exporters.frontends.spiking.probe import drive, own_copy, probe
from tests import ROOT
from tests.libraries import kept
from tests.libraries.settings import LATE, SUPPORTED

PLACE = ROOT / "tests" / "exporters" / "frontends" / "spiking" / "traces.npz"

STEPS, SEQUENCES, NEURONS = 16, 8, 3


def eighths(name):
    """int8[T, N, neurons]."""
    random = np.random.default_rng(len(name))
    size = (STEPS, SEQUENCES, NEURONS)
    found = random.integers(-4, 24 if "IAF" in name else 13, size) * (random.random(size) < 0.7)
    return np.where(random.random(size) < 0.2, 8, found).astype(np.int8)


def recorded(name, module):
    """Input, output and form of a module."""
    form, kind = probe(module, (NEURONS,)).form, kind_of(module)
    x = eighths(name)
    given = x / 8 * np.broadcast_to(form.threshold / form.gain, (NEURONS,))
    with torch.no_grad():
        sent, _ = drive(own_copy(module), kind, torch.from_numpy(given))
    numbers = {key: value.tolist() for key, value in form.numbers().items()}
    told = json.dumps({"numbers": numbers, "settings": form.settings(), "value": kind.value})
    return {"x": x, "sent": sent if kind.value else sent.astype(np.int8), "form": np.array(told)}


def form_of(told):
    """The form of a recorded text, and whether potentials were recorded."""
    found = json.loads(str(told))
    numbers = {key: np.asarray(value) for key, value in found["numbers"].items()}
    return Form.of(numbers, found["settings"]), found["value"]


def all_of_them():
    """Arrays of the file."""
    torch.manual_seed(0)
    return {
        f"{name}/{key}": value
        for name, make in {**SUPPORTED, **LATE}.items()
        for key, value in recorded(name, make()).items()
    }


if __name__ == "__main__":
    kept.main(all_of_them(), PLACE, f"{len(SUPPORTED) + len(LATE)} neurons")
