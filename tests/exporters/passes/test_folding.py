"""Batch norms are folded into the linear map beside them."""

import numpy as np
import pytest

from exporters.passes.pipeline import prepare
from tests.chains import Chain, prepared, refusal


@pytest.mark.parametrize("gamma", [-1.0, 0.0, [1.0, -2.0, 0.0]])
def test_batch_norm_of_any_sign_folds(gamma):
    chain = Chain().conv("conv").norm("bn1", gamma=gamma).norm("bn2").relu().linear("fc")
    _, account = prepared(chain.norm("bn3"))
    assert account["bn1"] == account["bn2"] == "folded into conv"
    assert account["bn3"] == "folded into fc"


def test_batch_norm_folds_in_double_precision():
    """A mean of 1e4 cancels a bias of 1e4: in float32 arithmetic three digits would go."""
    weight = np.full((1, 2, 1, 1), 1e-3)
    chain = Chain().add("conv", "conv", params={"weight": weight, "bias": [10000.001]})
    params = {"gamma": [1.0], "beta": [0.0], "mean": [10000.0], "var": [1e-8]}
    chain.add("batchnorm", "bn", params=params, eps=0.0).relu().linear()
    bias = prepare(chain.graph())[0].node("conv").params["bias"]
    stored = float(np.float32(10000.001)) - 10000.0
    np.testing.assert_allclose(bias, stored / np.sqrt(float(np.float32(1e-8))), rtol=1e-6)


def test_batch_norm_of_planes_folds_into_a_linear_map_that_reads_them():
    chain = Chain().conv("conv").relu().norm("bn").linear()
    _, account = prepared(chain)
    assert account["bn"] == "folded into fc"


def test_batch_norm_folds_forward_where_nothing_is_padded():
    chain = Chain().norm("bn0").conv("conv", pad=0).relu("relu1").norm("bn1").add("flatten", "flat")
    _, account = prepared(chain.linear())
    assert account["bn0"] == "folded into conv"
    assert account["bn1"] == "folded into fc"
    grouped = Chain((4, 6, 6)).norm("bn").conv("conv", outputs=6, groups=2, pad=0, stride=(2, 1))
    assert prepared(grouped.relu().linear())[1]["bn"] == "folded into conv"
    flat = Chain().conv("conv").relu().add("flatten", "flat").norm("bn").linear()
    assert prepared(flat)[1]["bn"] == "folded into fc"


def test_batch_norm_before_padding_folds_only_without_a_shift():
    assert refusal(Chain().norm("bn").conv("conv").relu().linear()) == (
        "bn (batchnorm): reads x (input) and is read by conv (conv), which pads with zeros that "
        "the batch norm would shift; normalise the data instead, or leave out the padding"
    )
    params = {"gamma": [2.0, -1.0], "beta": [0.0, 0.0], "mean": [0.0, 0.0], "var": [1.0, 2.0]}
    chain = Chain().add("batchnorm", "bn", params=params).conv("conv").relu().linear()
    assert prepared(chain)[1]["bn"] == "folded into conv"


def test_batch_norm_without_a_linear_map_beside_it_becomes_one():
    chain = Chain().conv("conv").relu().pool("pool").norm("bn").relu("relu2").conv("conv2")
    nodes, account = prepared(chain.relu("relu3").linear())
    assert nodes[3:6] == ["pool (maxpool)", "bn (conv)", "relu2 (relu)"]
    assert account["bn"] == "converted"
    last = Chain().conv("conv").relu().linear().relu("relu2").norm("bn")
    assert prepared(last)[0][-1] == "bn (linear)"


def test_batch_norm_behind_a_sum_folds_into_the_summands():
    chain = Chain().conv("a", "x").conv("b", "x").add("add", "sum", "a", "b").norm("bn").relu()
    nodes, account = prepared(chain.linear())
    assert nodes[1:5] == ["a (conv)", "b (conv)", "sum (add)", "relu (relu)"]
    assert account["bn"] == "folded into sum"
    chain = Chain().conv("a").relu("r").conv("b").add("add", "sum", "b", "r").norm("bn").relu()
    nodes, account = prepared(chain.linear())
    assert account["sum"] == "composed into bn"
    assert account["bn"] == "converted"


def test_max_pool_before_relu_and_batch_norm():
    chain = Chain().conv("conv").pool("pool", padding=(1, 1, 0, 0)).pool("pool2")
    nodes, account = prepared(chain.norm("bn", gamma=[0.5, 2.0, 0.0]).relu().linear())
    assert nodes[1:5] == ["conv (conv)", "relu (relu)", "pool (maxpool)", "pool2 (maxpool)"]
    assert account["bn"] == "folded into conv"
    falling = Chain().conv("conv").pool("pool").norm("bn", gamma=-1.0).relu().linear()
    assert refusal(falling) == (
        "conv (conv): its result can be negative and goes to pool (maxpool), but spikes cannot "
        "carry negative values; put a ReLU directly after it"
    )
