"""Passes: the function stays, the spiking form comes out, the rest is refused by name."""

import numpy as np
import pytest

from exporters.graph import Graph, GraphError, Node
from exporters.graph.operators import OPERATORS
from exporters.passes.pipeline import prepare
from onespike_lava.errors import OptionError, UnsupportedError

SHAPE = (2, 8, 8)


class Chain:
    """A graph written node by node; each node reads the one before unless told."""

    def __init__(self, shape=SHAPE, seed=0):
        self.random = np.random.default_rng(seed)
        self.nodes = [Node("x", "input", attrs={"shape": shape})]

    def shape(self, name=None):
        name = name or self.nodes[-1].name
        return Graph(tuple(self.nodes), name).shapes()[name]

    def add(self, op, name, *inputs, params=None, **attrs):
        inputs = inputs or (self.nodes[-1].name,)
        self.nodes.append(Node(name, op, inputs, params or {}, attrs))
        return self

    def conv(self, name, *inputs, outputs=3, kernel=3, pad=1, groups=1, **attrs):
        source = self.shape(inputs[0] if inputs else None)
        weight = self.random.normal(size=(outputs, source[0] // groups, kernel, kernel))
        params = {"weight": weight, "bias": self.random.normal(size=outputs)}
        attrs = {"padding": (pad,) * 4, "groups": groups, **attrs}
        return self.add("conv", name, *inputs, params=params, **attrs)

    def linear(self, name="fc", *inputs, outputs=4):
        size = int(np.prod(self.shape(inputs[0] if inputs else None)))
        weight = self.random.normal(size=(outputs, size))
        params = {"weight": weight, "bias": self.random.normal(size=outputs)}
        return self.add("linear", name, *inputs, params=params)

    def norm(self, name, *inputs, gamma=None):
        channels = self.shape(inputs[0] if inputs else None)[0]
        gamma = self.random.normal(size=channels) if gamma is None else gamma
        params = {
            "gamma": gamma * np.ones(channels),
            "beta": self.random.normal(size=channels),
            "mean": self.random.normal(size=channels),
            "var": self.random.uniform(0.2, 2, size=channels),
        }
        return self.add("batchnorm", name, *inputs, params=params, eps=1e-3)

    def relu(self, name="relu", *inputs):
        return self.add("relu", name, *inputs)

    def pool(self, name="pool", op="maxpool", kernel=(2, 2), **attrs):
        return self.add(op, name, kernel=kernel, **attrs)

    def graph(self, output=None):
        return Graph(tuple(self.nodes), output or self.nodes[-1].name)


def prepared(chain, pool="own"):
    """Prepare, check the form and that the function is kept; returns names by op and account."""
    graph = chain.graph()
    result, account = prepare(graph, pool)
    x = np.random.default_rng(1).normal(size=(5, *graph.shapes()["x"])).astype(np.float32)
    expected = graph.evaluate(x)
    assert np.abs(expected).max() > 0.1
    found = result.evaluate(x).reshape(expected.shape)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())
    readers = result.consumers()
    for node in result.nodes:
        assert node.op in ("input", "conv", "linear", "relu", "maxpool", "add")
        if node.op in ("conv", "linear") and node.name != result.output:
            assert [each.op for each in readers[node.name]] in (["relu"], ["add"])
    assert set(account) == {node.name for node in graph.nodes}
    return [str(node) for node in result.nodes], account


def refusal(chain, pool="own"):
    with pytest.raises(UnsupportedError) as error:
        prepare(chain.graph(), pool)
    return str(error.value)


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
        "carry negative values; put a ReLU directly behind it"
    )


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


def test_average_pool_gets_its_own_neurons():
    chain = Chain().conv("conv").relu("relu1").pool("avg", "avgpool", (3, 2), stride=(2, 2))
    nodes, account = prepared(chain.conv("conv2").relu("relu2").linear())
    assert nodes[1:5] == ["conv (conv)", "relu1 (relu)", "avg (conv)", "avg.relu (relu)"]
    assert account["avg"] == "converted to a layer of its own neurons"
    padded = Chain().conv("conv").relu().pool("avg", "avgpool", padding=(1, 1, 1, 1))
    prepared(padded.relu("again").linear())


def test_average_pool_of_signed_values_is_composed_and_uneven_windows_refused():
    nodes, account = prepared(Chain().conv("conv").pool("avg", "avgpool").relu().linear())
    assert nodes == ["x (input)", "avg (conv)", "relu (relu)", "fc (linear)"]
    assert account["conv"] == "composed into avg"
    uneven = {"padding": (1, 1, 1, 1), "count_include_pad": False}
    chain = Chain().conv("conv").relu().pool("avg", "avgpool", **uneven).linear()
    assert refusal(chain) == (
        "avg (avgpool): its windows hold 1 to 4 values and divide by as many (count_include_pad="
        "False, or ceil_mode); use count_include_pad=True or windows that fit the plane, or pool "
        "merge, which takes it into the linear layers behind"
    )


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


def test_nodes_that_the_output_does_not_need():
    chain = Chain().conv("conv").relu().conv("side", "relu").linear("fc", "relu")
    assert prepared(chain)[1]["side"] == "dropped (the output does not need it)"


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


def test_concatenations_become_sums_over_parts():
    chain = Chain().conv("a", "x", outputs=2).relu("r").conv("b", "x", outputs=3)
    chain.add("concat", "cat", "r", "b").add("concat", "more", "cat", "r").norm("bn")
    nodes, account = prepared(chain.relu("s").pool("pool").conv("c").relu("t").linear())
    assert {"c.0 (conv)", "c.1 (conv)", "c.2 (conv)", "c (add)"} <= set(nodes)
    assert account["cat"] == "folded into more (split by input)"
    assert account["bn"] == "converted in parts (behind more)"
    for groups in (2, 4):  # parts of 1 and 3 channels: within groups of 2, between groups of 1
        chain = Chain().conv("a", "x", outputs=1).relu("r").conv("b", "x", outputs=3).relu("s")
        chain.add("concat", "cat", "r", "s").conv("c", outputs=4, groups=groups)
        nodes, _ = prepared(chain.relu("t").linear())
        assert ("c (add)" in nodes) == (groups == 2)
    last = Chain().conv("a").relu("r").linear("one", outputs=2).linear("two", "r", outputs=3)
    assert prepared(last.add("concat", "cat", "one", "two"))[0][-1] == "cat (add)"


def test_pads_and_slices():
    chain = Chain().conv("conv").relu().add("pad", "wide", padding=(1, 2, 0, 1))
    assert prepared(chain.conv("conv2", pad=0).relu("s").linear())[1]["wide"] == (
        "composed into conv2"
    )
    chain = Chain().conv("conv").relu().add("pad", "wide", padding=(1, 1, 0, 1)).pool("pool")
    assert prepared(chain.linear())[1]["wide"] == "folded into pool"
    chain = Chain().conv("conv").relu().add("pad", "wide", padding=(3, 0, 0, 0)).pool("pool")
    assert "wide.relu (relu)" in prepared(chain.linear())[0]  # a window of zeros only
    cut = {"start": (0, 0, 3), "stop": (3, 5, 6), "step": (1, 2, 1)}
    chain = Chain().conv("conv").relu().add("slice", "cut", **cut).pool("pool").linear()
    assert "cut.relu (relu)" in prepared(chain)[0]
    cut = {"start": (0, 1, 2), "stop": (2, 8, 7), "step": (1, 2, 3)}
    chain = Chain().conv("conv").relu().add("slice", "cut", **cut).conv("conv2", pad=0, kernel=1)
    assert prepared(chain.relu("s").linear())[1]["cut"] == "composed into conv2"
    flat = Chain((6,)).linear("fc1").relu().add("slice", "cut", start=(1,), stop=(4,), step=(2,))
    prepared(flat.add("pad", "wide", channels=(1, 0)).linear("fc2"))


def test_flatten_before_relu():
    chain = Chain().conv("conv").add("flatten", "flat").relu().add("flatten", "again").linear()
    nodes, account = prepared(chain)
    assert nodes == ["x (input)", "conv (conv)", "relu (relu)", "fc (linear)"]
    assert account["again"] == "merged with flat"


@pytest.mark.parametrize(
    ("chain", "message"),
    [
        (
            Chain().conv("conv").relu().linear().relu("last"),
            "last (relu): is the network's output; the last node must be a conv or linear, whose "
            "potentials are the scores; end the network there",
        ),
        (
            Chain().conv("conv").pool("pool").linear(),
            "conv (conv): its result can be negative and goes to pool (maxpool), but spikes cannot "
            "carry negative values; put a ReLU directly behind it",
        ),
        (
            Chain().conv("a").conv("b", "a", pad=1).pool("pool").linear(),
            "b (conv): its result can be negative and goes to pool (maxpool), but spikes cannot "
            "carry negative values; put a ReLU directly behind it",
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


WAY = "put a ReLU behind the sums and maps before it"


def doubled(times, op="add", shape=SHAPE):
    """`op(x, x)` of itself, so many times, and a linear map behind."""
    chain = Chain(shape)
    for number in range(times):
        name = chain.nodes[-1].name
        chain.add(op, f"f{number + 1}", name, name)
    return chain


def test_sums_of_too_many_values_are_refused_before_they_spread():
    prepared(doubled(9).conv("y", kernel=1, pad=0))
    message = (
        f"f10 (add): joins 1024 values, those of what it reads among them, more than 512; {WAY}"
    )
    assert refusal(doubled(10).conv("y")) == message
    residual = Chain()
    for number in range(1, 60):
        before = residual.nodes[-1].name
        residual.conv(f"c{number}", outputs=2, kernel=1, pad=0)
        residual.add("add", f"f{number}", f"c{number}", before)
    assert refusal(residual.conv("y")) == message
    positive = Chain().relu("r")
    for number in range(300):
        positive.add("add", f"f{number}", *[positive.nodes[-1].name] * 2)
    assert "f9 (add): joins 1024 values" in refusal(positive.conv("y"))


def test_sums_that_many_maps_read_are_refused():
    many = doubled(9).relu("r")
    for number in range(9):
        many.conv(f"c{number}", "f9", kernel=1, pad=0)
    many.add("add", "y", *(f"c{number}" for number in range(9)))
    assert refusal(many).endswith(f" spreads to more than 4096 parts; {WAY}")


def test_wide_skips_are_refused():
    """Each skip of 4096 features is a matrix of 64 MiB."""
    wide = Chain((4096,)).relu("r").add("add", "y", *["r"] * 3)
    assert refusal(wide) == (
        "y (add): maps composed and copied up to it have more than 33554432 weights beyond 64 "
        f"times those of the network; {WAY}"
    )


def test_pads_and_slices_of_wide_values_are_refused():
    wide = Chain((2**13,)).add("slice", "y", start=(0,), stop=(2**13 - 1,), step=(1,))
    message = "y ({}): maps composed and copied up to it have more than 33554432 weights beyond 64 "
    assert refusal(wide).startswith(message.format("slice"))
    assert refusal(wide).endswith("; pad and slice fewer values")
    wide = Chain((3,)).add("pad", "y", channels=(0, 2**24 - 3))
    assert refusal(wide).startswith(message.format("pad"))
    prepared(Chain((2**13,)).add("slice", "y", start=(1,), stop=(4,), step=(2,)))


def test_concatenations_of_too_many_values_are_refused():
    way = "concatenate fewer values"
    assert refusal(doubled(10, "concat", (1, 2, 2)).conv("y", kernel=1, pad=0)) == (
        f"f10 (concat): joins 1024 values, those of what it reads among them, more than 512; {way}"
    )
    many = doubled(9, "concat", (1, 2, 2))
    for number in range(33):
        many.add("relu", f"r{number}", "f9", clip=1.0 + number)
    many.add("add", "y", *(f"r{number}" for number in range(33)))
    assert refusal(many).endswith(f" spreads to more than 16384 parts; {way}")


def test_flattened_values_are_added_behind_their_maps_only():
    flat = Chain().add("flatten", "f").add("add", "s", "f", "f").linear()
    assert refusal(flat).startswith(
        "f (flatten): read by s (add); only linear layers read flattened values, put one there; "
    )
