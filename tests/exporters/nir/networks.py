"""Networks for NIR files."""

import numpy as np
import pytest

pytest.importorskip("nir", reason="nir is not installed")

import nir

from exporters import read_nir, write_nir
from onespike_lava.errors import DataError, FormatError
from tests import ROOT
from tests.graphs import random_graph_network
from tests.networks import Maker, random_network
from tests.pruned import pruned

MODELS = sorted((ROOT / "netx_models").glob("*/*.net"))
KINDS = {
    "graded": random_network,
    "membrane": lambda seed: random_network(seed, "membrane"),
    "several": lambda seed: random_network(seed, several=True),
    "pruned": lambda seed: pruned(random_network(seed), seed=seed),
    "graph": random_graph_network,
    "graph membrane": lambda seed: random_graph_network(seed, "membrane"),
}


def returned(network, folder):
    """The network after a way through a file, and the file as NIR's own reader sees it."""
    path = folder / "net.nir"
    write_nir(network, path)
    return read_nir(path), nir.read(path)


def small_network():
    make = Maker(np.random.default_rng(5), 8, 1.3, "graded")
    make.readout(make.conv(make.input((2, 5, 6)), 3))
    return make.network()


def refused(path, match):
    with pytest.raises((FormatError, DataError), match=match) as error:
        read_nir(path)
    assert "\n" not in str(error.value)
