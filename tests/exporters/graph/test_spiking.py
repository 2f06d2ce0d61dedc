"""Spiking operators are told by the registry: another one is one entry."""

import re
from dataclasses import replace

import numpy as np
import pytest

from exporters import convert
from exporters.graph import Graph, Node, is_spiking
from exporters.graph.operators import OPERATORS
from tests import ROOT
from tests.chains import Chain

OWN_ALGEBRA = {
    "exporters/passes/draft.py": 2,  # neurons behind a value that a ReLU does not change
    "exporters/passes/signed.py": 1,  # the same, for pairs
    "exporters/passes/folding.py": 5,  # ReLUs that do nothing, in a row, behind a max pool
}
"""Where the rectifier itself is meant: what it does to numbers, or a new one."""


def network():
    """Pools, a skip, a flatten before the neurons, a sum that a map reads."""
    chain = Chain().conv("conv1").relu("r1").pool("avg", "avgpool").conv("conv2")
    chain.relu("r2").conv("conv3", "r2").add("add", "add", "conv3", "avg").relu("r3")
    chain.pool("max").linear("fc1", outputs=6).add("flatten", "flatten").relu("r4")
    return chain.linear("fc2").graph()


def test_another_spiking_operator_is_one_entry(monkeypatch):
    monkeypatch.setitem(OPERATORS, "twin", OPERATORS["relu"])
    graph = network()
    names = {"relu": "twin"}
    nodes = tuple(replace(node, op=names.get(node.op, node.op)) for node in graph.nodes)
    x = np.random.default_rng(2).normal(size=(40, *graph.shapes()["x"])).astype(np.float32)
    one, other = convert(graph, x), convert(Graph(nodes, graph.output), x)
    assert len(one.network.layers) > 5
    assert other.network.layers == one.network.layers
    assert list(other.codes) == list(one.codes)


def test_who_is_spiking():
    assert is_spiking(Node("r", "relu", ("x",)))
    assert not is_spiking(Node("p", "maxpool", ("x",)))
    assert not is_spiking(Node("?", "unknown", ("x",)))


PACKAGES = ("passes", "calibration", "quantization", "fidelity", "analysis", "tuning")


@pytest.mark.parametrize("package", PACKAGES)
def test_nobody_asks_for_the_name(package):
    for path in sorted((ROOT / "exporters" / package).glob("*.py")):
        place = path.relative_to(ROOT).as_posix()
        assert len(re.findall('"relu"', path.read_text())) == OWN_ALGEBRA.get(place, 0), place
