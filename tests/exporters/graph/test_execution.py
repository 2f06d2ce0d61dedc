"""One executor of source networks: its values, and its check that they are numbers."""

import re

import numpy as np
import pytest

from exporters import convert
from exporters.calibration.codes import Code
from exporters.calibration.coding import InputCoding
from exporters.calibration.walk import calibrate
from exporters.fidelity.parts import Parts
from exporters.graph import Graph, Node
from exporters.graph.execution import run
from exporters.recipe import Recipe
from onespike_lava.errors import DataError
from tests import ROOT

BEYOND = r"^(b|c) \(linear\): its values exceed float32"


def network(factor=1.0):
    """Two layers of neurons, of which the second multiplies by `factor`, and a readout."""
    weight = np.array([[1.0, -0.5], [0.25, 1.0]])
    return Graph(
        (
            Node("x", "input", attrs={"shape": (2,)}),
            Node("a", "linear", ("x",), {"weight": np.eye(2)}),
            Node("ra", "relu", ("a",)),
            Node("b", "linear", ("ra",), {"weight": factor * weight}),
            Node("rb", "relu", ("b",)),
            Node("c", "linear", ("rb",), {"weight": weight}),
        ),
        "c",
    )


def test_known_values_are_not_computed():
    graph, x = network(), np.array([[0.5, 0.25]], np.float32)
    values, seen = {}, []
    graph.evaluate(x, lambda node, value: values.update({node.name: value}))
    assert list(values) == ["x", "a", "ra", "b", "rb", "c"]
    known = {name: values[name] for name in ("x", "a", "ra", "b")} | {"rb": 2 * values["rb"]}
    found = run(graph.nodes, "c", known, lambda node, value: seen.append(node.name))
    assert (found == 2 * values["c"]).all()
    assert seen == ["c"]
    assert len(known) == 5


def test_only_the_executor_computes_nodes():
    calls = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "exporters").rglob("*.py")
        if re.search(r"OPERATORS\[.*\]\.forward", path.read_text())
    }
    assert calls == {"exporters/graph/execution.py"}


@pytest.mark.filterwarnings("error")
def test_the_correction_refuses_what_is_no_number():
    """The exact network stays below 3.4e38; its coded twin does not, where 1.5 is coded as 1.8."""
    graph, recipe = network(2.0), Recipe(phases=8, base=1.5)
    x = np.array([[1.0, 0.0], [0.5, 0.0]], np.float32) * np.float32(1.5e38)
    entry = InputCoding.of("x", (2,), (np.zeros(1), np.full(1, 1e36)), recipe)
    codes = {
        name: Code.of_base(np.full(2, 9.0e38), recipe, layer)
        for name, layer in (("ra", "a"), ("rb", "b"))
    }
    assert np.isfinite(graph.evaluate(x)).all()
    with pytest.raises(DataError, match=BEYOND):
        calibrate(graph, x, entry, recipe, lambda node, _: codes[node.name])


@pytest.mark.filterwarnings("error")
def test_layer_errors_refuse_what_is_no_number():
    graph = network()
    x = np.random.default_rng(0).uniform(0, 1, (50, 2)).astype(np.float32)
    parts = Parts.of(convert(graph, x, phases=8).network, graph)
    values = parts.exact(x)
    with pytest.raises(DataError, match=BEYOND):
        parts.result(values, {"ra": np.full_like(values["ra"], 3e38)}, "ra")
