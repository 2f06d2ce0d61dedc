"""Average pools: neurons of their own, or merged into what reads them."""

import pytest

from tests.chains import Chain, prepared


def test_average_pool_gets_its_own_neurons():
    chain = Chain().conv("conv").relu("relu1").pool("avg", "avgpool", (3, 2), stride=(2, 2))
    nodes, account = prepared(chain.conv("conv2").relu("relu2").linear())
    assert nodes[1:5] == ["conv (conv)", "relu1 (relu)", "avg (conv)", "avg.relu (relu)"]
    assert account["avg"] == "converted to a layer of its own neurons"
    padded = Chain().conv("conv").relu().pool("avg", "avgpool", padding=(1, 1, 1, 1))
    prepared(padded.relu("again").linear())


def test_average_pool_of_signed_values_is_composed_and_uneven_windows_are_a_sum():
    nodes, account = prepared(Chain().conv("conv").pool("avg", "avgpool").relu().linear())
    assert nodes == ["x (input)", "avg (conv)", "relu (relu)", "fc (linear)"]
    assert account["conv"] == "composed into avg"
    uneven = {"padding": (1, 1, 1, 1), "count_include_pad": False}
    chain = Chain().conv("conv").relu().pool("avg", "avgpool", **uneven).linear()
    nodes, account = prepared(chain)
    assert nodes.count("avg (add)") == 1
    assert account["avg"] == "converted to a layer of its own neurons"


@pytest.mark.parametrize("whole", [True, False])
def test_average_pool_merges_into_the_linear_layer_behind(whole):
    window = {"kernel": (3, 2), "stride": (2, 1), "padding": (1, 0, 0, 1)}
    chain = Chain().conv("conv").relu().pool("avg", "avgpool", **window, count_include_pad=whole)
    nodes, account = prepared(chain.add("flatten", "flat").linear(), "merge")
    assert nodes == ["x (input)", "conv (conv)", "relu (relu)", "fc (linear)"]
    assert account["avg"] == "merged into fc"


def test_merge_falls_back_to_own_neurons_before_a_conv():
    chain = Chain().conv("conv").relu("relu1").pool("avg1", "avgpool").conv("conv2").relu("relu2")
    _, account = prepared(chain.pool("avg2", "avgpool").pool("avg3", "avgpool").linear(), "merge")
    assert account["avg1"] == "converted to a layer of its own neurons"
    assert account["avg2"] == account["avg3"] == "merged into fc"


def test_the_readout_may_be_a_pool_or_a_conv():
    chain = Chain().conv("conv").relu().pool("avg", "avgpool", (8, 8)).add("flatten", "flat")
    nodes, _ = prepared(chain)
    assert nodes == ["x (input)", "conv (conv)", "relu (relu)", "avg (linear)"]
    chain = Chain().conv("conv").relu().pool("pool")
    chain.conv("last", outputs=6, groups=3, kernel=5, pad=1, dilation=(1, 1), stride=(2, 2))
    assert prepared(chain)[0][-1] == "last (linear)"
