"""Passes in a row: the spiking form comes out, the rest is refused by name."""

import numpy as np
import pytest

from exporters.graph import Graph, GraphError, Node
from exporters.graph.operators import OPERATORS
from exporters.passes.pipeline import prepare
from onespike_lava.errors import OptionError, UnsupportedError
from tests.chains import Chain, prepared, refusal


def test_a_plain_network_in_order():
    chain = Chain().conv("conv1").norm("bn1").relu("relu1").pool("pool1")
    chain.add("identity", "drop", reason="dropout").add("flatten", "flat").linear("fc1")
    nodes, account = prepared(chain.norm("bn2").relu("relu2").linear("fc2"))
    assert nodes == [
        "x (input)",
        "conv1 (conv)",
        "relu1 (relu)",
        "pool1 (maxpool)",
        "fc1 (linear)",
        "relu2 (relu)",
        "fc2 (linear)",
    ]
    assert account == {
        "x": "converted",
        "conv1": "converted",
        "bn1": "folded into conv1",
        "relu1": "converted",
        "pool1": "converted",
        "drop": "dropped (dropout)",
        "flat": "dropped (a linear layer reads C, H, W in order)",
        "fc1": "converted",
        "bn2": "folded into fc1",
        "relu2": "converted",
        "fc2": "converted",
    }


def test_relus_are_merged():
    chain = Chain().conv("conv").relu("relu1").relu("relu2").pool("pool").relu("relu3").linear()
    nodes, account = prepared(chain)
    assert nodes[1:] == ["conv (conv)", "relu1 (relu)", "pool (maxpool)", "fc (linear)"]
    assert account["relu2"] == "dropped (relu1 is not negative)"
    twins = Chain().conv("conv").relu("one", "conv").relu("two", "conv")
    _, account = prepared(twins.add("add", "sum", "one", "two").relu("last").linear())
    assert account["two"] == "merged with one"
    assert account["last"] == "converted"


def test_a_sum_of_spikes_gets_its_own_neurons():
    chain = Chain().conv("a", "x").relu("r", "a").conv("b", "x").relu("s", "b")
    nodes, _ = prepared(chain.add("add", "sum", "r", "s").pool("avg", "avgpool").linear())
    assert nodes[-6:-2] == ["sum.skip.2 (conv)", "sum (add)", "sum.relu (relu)", "avg (conv)"]


def test_nodes_that_the_output_does_not_need():
    chain = Chain().conv("conv").relu().conv("side", "relu").linear("fc", "relu")
    assert prepared(chain)[1]["side"] == "dropped (the output does not need it)"


def test_data_and_spikes_do_not_meet_in_one_neuron():
    chain = Chain().conv("a", outputs=2).relu("r").conv("b", outputs=2)
    nodes, account = prepared(chain.add("add", "sum", "b", "x").relu("s").linear())
    assert "sum.skip.pair.relu (relu)" in nodes
    assert account["sum"] == "converted"


def test_clipped_relus():
    chain = Chain().conv("conv").relu().pool("pool").add("relu", "six", clip=2.0).linear()
    nodes, account = prepared(chain)
    assert nodes[2:4] == ["relu (relu)", "pool (maxpool)"]
    assert account["six"] == "merged with relu"
    chain.nodes.insert(-1, Node("three", "relu", ("six",), attrs={"clip": 3.0}))
    chain.nodes[-1] = chain.nodes[-1].with_inputs("three")
    assert prepared(chain)[1]["three"] == "merged with relu"
    relu = prepare(chain.graph())[0].node("relu")
    assert relu.attrs == {"clip": 2.0}
    both = Chain().conv("conv").relu("a").add("relu", "b", "conv", clip=1.0)
    prepared(both.add("add", "sum", "a", "b").linear())
    again = Chain().conv("conv").add("relu", "a", clip=1.0).relu("b").linear()
    assert prepared(again)[1]["b"] == "dropped (a is not negative)"
    apart = Chain().conv("conv").relu("a").add("relu", "b", clip=1.0)
    assert "b.skip (conv)" in prepared(apart.add("add", "sum", "a", "b").linear())[0]
    with pytest.raises(GraphError) as error:
        Chain().conv("conv").add("relu", "b", clip=-1.0).graph()
    assert str(error.value) == (
        "b (relu): clip -1.0; give a positive number, or none for a plain ReLU"
    )


@pytest.mark.parametrize(
    ("chain", "message"),
    [
        (
            Chain().conv("conv").pool("pool").linear(),
            "conv (conv): its result can be negative and goes to pool (maxpool), but spikes cannot "
            "carry negative values; put a ReLU directly after it",
        ),
        (
            Chain().conv("a").conv("b", "a", pad=1).pool("pool").linear(),
            "b (conv): its result can be negative and goes to pool (maxpool), but spikes cannot "
            "carry negative values; put a ReLU directly after it",
        ),
        (
            Chain().conv("conv").relu().add("flatten", "flat").relu("r").add("add", "s", "r", "r"),
            "flat (flatten): read by s (add); only linear layers read flattened values, put one "
            "there",
        ),
    ],
)
def test_refusals_name_the_node_and_the_way_out(chain, message):
    assert refusal(chain) == message


def test_the_option_is_checked():
    with pytest.raises(OptionError) as error:
        prepare(Chain().linear().graph(), "none")
    assert str(error.value) == "pool: 'none' is not one of own, merge"


def test_the_source_graph_stays_as_it_is():
    graph = Chain().conv("conv").norm("bn").relu().pool("avg", "avgpool").linear().graph()
    before = graph.digest()
    prepare(graph)
    assert graph.digest() == before


def test_an_operator_without_a_pass_is_refused(monkeypatch):
    monkeypatch.setitem(OPERATORS, "twin", OPERATORS["identity"])
    weight = {"weight": np.ones((2, 3))}
    nodes = (
        Node("x", "input", attrs={"shape": (3,)}),
        Node("fc", "linear", ("x",), weight),
        Node("relu", "relu", ("fc",)),
        Node("doubled", "twin", ("relu",)),
        Node("out", "linear", ("doubled",), {"weight": np.ones((2, 2))}),
    )
    message = r"doubled \(twin\): no pass brings this operator into spiking form; fold it"
    with pytest.raises(UnsupportedError, match=message):
        prepare(Graph(nodes, "out"))
