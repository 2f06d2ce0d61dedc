"""What `tests/libraries/record_networks.py` recorded, for tests without the libraries."""

import runpy
from pathlib import Path

import numpy as np

from onespike_lava import load
from tests import ROOT

MODELS = ROOT / "netx_models"
PLACE = Path(__file__).with_name("trains.npz")
SAMPLES = 8


def digits():
    """The test images that were recorded, float32[N, 1, 8, 8]."""
    split = runpy.run_path(str(MODELS / "digits" / "data.py"))["split"]
    return split()[2][:: 602 // SAMPLES][:SAMPLES]


def recorded(name, kind):
    """Layer -> uint8[N, T, *shape], of the `source` or the `integers`."""
    network, found = load(MODELS / "digits-steps" / f"{name}.net"), {}
    shapes = {each.name: each.shape for each in network.layers}
    with np.load(PLACE) as file:
        for key in file:
            start, _, layer = key.rpartition("/")
            if start == f"{name}/{kind}":
                shape = (SAMPLES, network.phases, *shapes[layer])
                bits = np.unpackbits(file[key])[: np.prod(shape)]
                found[layer] = bits.reshape(shape)
    return found
