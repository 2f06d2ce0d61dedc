"""Two neurons for a value: which values, and that the function stays the same."""

import numpy as np
import pytest

from exporters.passes.doubling import HALF
from exporters.passes.pipeline import prepare
from onespike_lava.errors import OptionError
from tests.chains import Chain, prepared
from tests.sources import cnn


def halves(graph):
    """Neurons that share a value, by name."""
    return {node.name: node.attrs[HALF] for node in graph.nodes if HALF in node.attrs}


def test_the_stream_is_what_several_layers_read_and_sums_with_skips():
    graph, account = prepare(cnn(), double="stream")
    assert halves(graph) == {"relu1": 0, "relu1.second": 1, "relu2": 0, "relu2.second": 1}
    assert account["relu1"] == account["relu2"] == "converted to two neurons for a value"
    assert account["relu3"] == "converted"
    layers = [node.inputs[0] for node in graph.nodes if node.op == "relu"]
    assert layers == ["conv1", "conv1.second", "add", "add.second", "conv3", "hidden"]


def test_all_values():
    graph, _ = prepare(cnn(), double="all")
    assert list(halves(graph).values()) == [0, 1] * 4
    assert graph.output == "logits"
    assert graph.node("logits").inputs == ("logits.of_first", "logits.of_second")


@pytest.mark.parametrize("double", ["stream", "all"])
@pytest.mark.parametrize("pool", ["own", "merge"])
def test_the_function_stays_the_same(double, pool):
    chain = Chain().conv("conv").relu("one").pool("max").conv("two").relu("twice")
    chain.pool("mean", "avgpool").conv("three", outputs=6, groups=3).relu("last")
    chain.add("add", "sum", "last", "last").relu("end").add("flatten", "flat").linear()
    names, _ = prepared(chain, pool, double)
    assert "end.second (relu)" in names
    assert ("one.second (relu)" in names) == (double == "all")


def test_each_of_two_neurons_has_half_of_the_weights_and_one_of_them_the_bias():
    plain, shared = (prepare(cnn(), double=each)[0] for each in ("none", "all"))
    whole = plain.node("conv3")
    for name in ("conv3.of_first", "conv3.of_second"):
        half = shared.node(name).params["weight"]
        np.testing.assert_array_equal(half, whole.params["weight"] / 2)
    assert "bias" in shared.node("conv3.of_first").params
    assert "bias" not in shared.node("conv3.of_second").params
    reads = {shared.node(name).inputs[0] for name in ("conv3.of_first", "conv3.of_second")}
    assert reads == {"pool", "pool.second"}


def test_a_network_without_a_stream_is_refused():
    chain = Chain().conv("conv").relu().add("flatten", "flat").linear()
    with pytest.raises(OptionError, match=r"^double: 'stream' finds no value that several layers"):
        prepare(chain.graph(), double="stream")
