"""Linear maps in a row become one; signed values get pairs of neurons."""

import numpy as np

from tests.chains import Chain, prepared


def test_linear_layers_in_a_row_become_one():
    chain = Chain((6,)).linear("fc1").linear("fc2", outputs=7).relu().linear("fc3").linear("fc4")
    nodes, account = prepared(chain)
    assert nodes == ["x (input)", "fc2 (linear)", "relu (relu)", "fc4 (linear)"]
    assert account["fc1"] == "composed into fc2"


def test_sums_become_synapses():
    chain = Chain().conv("conv1").relu("relu1").conv("conv2").norm("bn")
    chain.add("add", "sum1", "bn", "relu1").relu("relu2").conv("a", "relu1").conv("b", "relu2")
    chain.add("add", "sum2", "a", "b").add("add", "sum3", "sum2", "relu2").relu("relu3")
    nodes, account = prepared(chain.linear())
    assert "sum1.skip (conv)" in nodes
    assert "sum3.skip (conv)" in nodes
    assert account["sum2"] == "merged with sum3"
    flat = Chain((5,)).linear("fc1", outputs=5).add("add", "sum", "fc1", "x").relu().linear()
    assert "sum.skip (linear)" in prepared(flat)[0]


def test_linear_maps_in_a_row_are_composed_where_that_is_exact():
    for chain in (
        Chain().conv("one", kernel=1, pad=0, outputs=4).conv("two", pad=0, groups=4, outputs=8),
        Chain().conv("one", stride=(2, 1), dilation=(1, 2)).conv("two", pad=0, stride=(2, 2)),
        Chain().conv("one", outputs=4, groups=2).conv("two", kernel=1, pad=0, groups=2, outputs=4),
        Chain().conv("one", stride=(3, 2)).add("flatten", "flat").linear("two"),
    ):
        nodes, account = prepared(chain.relu().linear())
        assert account["one"] == "composed into two"
        assert [each.split()[0] for each in nodes] == ["x", "two", "relu", "fc"]
    bare = Chain().add("conv", "one", params={"weight": np.ones((3, 2, 1, 1))}, stride=(2, 2))
    assert prepared(bare.conv("two").relu().linear())[1]["one"] == "composed into two"


def test_signed_values_that_cannot_be_composed_get_pairs_of_neurons():
    nodes, account = prepared(Chain().conv("one").conv("two").relu().linear())
    assert nodes == [
        "x (input)",
        "one.pair (conv)",
        "one.pair.relu (relu)",
        "two (conv)",
        "relu (relu)",
        "fc (linear)",
    ]
    assert account["one"] == (
        "converted to pairs of neurons (two pads with zeros what one does not leave zero)"
    )
    chain = Chain().conv("one", kernel=1, pad=0).conv("two").relu().linear()
    assert prepared(chain)[1]["one"] == (
        "converted to pairs of neurons (two pads with zeros, not with the bias of one)"
    )
    chain = Chain().conv("a", groups=2, outputs=4).relu("r").conv("b", outputs=4)
    chain.add("add", "sum", "a", "b").conv("c").relu("s").conv("d", "sum").relu("t")
    chain.add("concat", "cat", "s", "t").linear()
    nodes, account = prepared(chain)
    assert nodes.count("sum.pair (add)") == 1
    assert account["a"] == "converted"
