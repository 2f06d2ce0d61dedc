# %% [markdown]
# # An exporter for a network of your own
#
# Torch and ONNX are two front ends; a network from elsewhere needs a third, and that is a few
# lines: hand over its nodes as data. Then a new operator, and last a network that was never
# trained: integers written by hand. Needs scikit-learn for the first two parts.

# %%
import runpy
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np

if not find_spec("sklearn"):
    print("scikit-learn is not installed; this tutorial needs it: pip install scikit-learn")
    sys.exit()

import exporters
from exporters.graph import Graph, Node

here = Path(globals().get("__file__", "here")).resolve()
DIGITS = next(p / "netx_models/digits" for p in here.parents if (p / "netx_models").is_dir())
x_train, y_train, x_test, y_test = runpy.run_path(str(DIGITS / "data.py"))["split"]()
flat_train, flat_test = x_train.reshape(len(x_train), -1), x_test.reshape(len(x_test), -1)

# %% [markdown]
# ## A front end
#
# The source here is scikit-learn's multi-layer perceptron: a list of weight matrices, a list of
# biases, ReLU between. A `Graph` is a tuple of `Node`s, each with a name, an operator, the names
# that it reads, parameters and settings. It checks itself at construction, infers shapes, and
# evaluates in NumPy, so a front end is tested by comparing two functions.

# %%
from sklearn.neural_network import MLPClassifier

perceptron = MLPClassifier((48, 32), max_iter=60, random_state=0, early_stopping=True)
perceptron.fit(flat_train, y_train)


def from_perceptron(source):
    """The graph of a fitted `MLPClassifier` with ReLU, up to its logits."""
    nodes = [Node("x", "input", attrs={"shape": (source.n_features_in_,)})]
    last = len(source.coefs_)
    for number, (weight, bias) in enumerate(zip(source.coefs_, source.intercepts_, strict=True), 1):
        params = {"weight": weight.T, "bias": bias}
        nodes.append(Node(f"linear{number}", "linear", (nodes[-1].name,), params))
        if number < last:
            nodes.append(Node(f"relu{number}", "relu", (nodes[-1].name,)))
    return Graph(tuple(nodes), nodes[-1].name)


graph = from_perceptron(perceptron)
print([str(node) for node in graph.nodes])
assert (graph.evaluate(flat_test).argmax(1) == perceptron.predict(flat_test)).all()

# %% [markdown]
# Everything behind the front end is there already: passes, calibration, quantisation, the file.

# %%
network = exporters.export(graph, flat_train[:500], "perceptron.net", phases=16)
right = np.mean(network.predict(flat_test) == y_test)
print(f"perceptron {perceptron.score(flat_test, y_test):.2%}, one-spike {right:.2%}")
assert right > perceptron.score(flat_test, y_test) - 0.01

# %% [markdown]
# ## A new operator
#
# Operators are entries of a table: a shape, a function, the parameters that it needs. Suppose the
# source scales its channels. `scale` below evaluates at once, but nothing says how it spikes:

# %%
from exporters.graph.operators import OPERATORS, Operator
from onespike_lava.errors import UnsupportedError


def scale_shape(node, inputs):
    return inputs[0]


def scale_forward(node, values):
    factor = node.params["factor"]
    return values[0] * factor.reshape(-1, *[1] * (values[0].ndim - 2))


OPERATORS["scale"] = Operator(scale_shape, scale_forward, required=("factor",))

factor = np.random.default_rng(0).uniform(0.5, 2, 48)
nodes = list(graph.nodes)
nodes[2:3] = [
    Node("scaled", "scale", ("linear1",), {"factor": factor}),
    nodes[2].with_inputs("scaled"),
]
scaled = Graph(tuple(nodes), graph.output)
try:
    exporters.convert(scaled, flat_train[:500])
except UnsupportedError as error:
    print(error)

# %% [markdown]
# A pass says it: here the scale goes into the layer before. A pass rewrites a graph and keeps its
# function; `exporters/passes/pipeline.py` lists those of the library, where a new one of general
# use belongs. Your own front end may as well call it first.


# %%
def fold_scales(graph):
    """Scales folded into the linear layers that they follow."""
    nodes, renamed = {}, {}
    for node in graph.nodes:
        inputs = tuple(renamed.get(name, name) for name in node.inputs)
        if node.op == "scale":
            before = nodes[inputs[0]]
            each = node.params["factor"]
            params = {
                "weight": before.params["weight"] * each[:, None],
                "bias": before.params["bias"] * each,
            }
            nodes[before.name] = Node(before.name, before.op, before.inputs, params)
            renamed[node.name] = before.name
        else:
            nodes[node.name] = node.with_inputs(*inputs)
    return Graph(tuple(nodes.values()), graph.output)


folded = fold_scales(scaled)
np.testing.assert_allclose(folded.evaluate(flat_test), scaled.evaluate(flat_test), atol=1e-3)
found = exporters.convert(folded, flat_train[:500]).network.predict(flat_test)
same = np.mean(found == scaled.evaluate(flat_test).argmax(1))
print(f"scaled network: same class as its source for {same:.2%}")
assert same > 0.95
del OPERATORS["scale"]

# %% [markdown]
# ## Integers by hand: logic in one phase
#
# The integer network is no compiler's secret. With `T = 1` a neuron fires or does not: a
# threshold gate. Two of them and a readout make the exclusive or. Two bits in; `OR` fires from
# one spike on, `AND` from two on; the score is `OR - AND`.

# %%
from onespike_lava import load
from onespike_lava.layers import Input, Readout, Spiking, Synapse
from onespike_lava.network import Network
from onespike_lava.netx import save

gates = Spiking(
    name="or, and",
    shape=(2,),
    synapses=(Synapse(0, np.array([[2, 2], [1, 1]], np.int8)),),
    bias=np.zeros(2, np.int32),
    threshold_base=np.ones(2, np.int32),
    threshold_table=np.array([2], np.int32),
    payload=np.array([1], np.int32),
    payload_bits=1,
    base=2.0,
    scale=np.ones(2),
)
zero = np.zeros(1, np.int32)
difference = Readout("xor", (1,), (Synapse(1, np.array([[1, -1]], np.int8)),), zero, scale=1.0)
bits = Input("bits", (2,), bits=1, low=np.zeros(1), step=np.ones(1))
xor = Network((bits, gates, difference), phases=1, wait=1)
pairs = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
print(xor.run(pairs).scores[:, 0])
assert xor.run(pairs).scores[:, 0].tolist() == [0, 1, 1, 0]

# %% [markdown]
# ## Several spikes: an adder that is exact
#
# With base 2, eight phases and up to eight spikes, a neuron writes its potential in binary: it
# fires where the potential reaches a power of two, subtracts it, and goes on (soft reset). Two
# numbers of seven bits in, their sum in one hidden neuron, read out again. Payloads are 128, 64,
# .., 1; thresholds stand at twice that, so a weight of 2 makes them equal.

# %%
powers = 2 ** np.arange(7, -1, -1, dtype=np.int32)


def adder(max_spikes):
    total = Spiking(
        name="sum",
        shape=(1,),
        synapses=(Synapse(0, np.array([[2, 2]], np.int8)),),
        bias=zero,
        threshold_base=np.ones(1, np.int32),
        threshold_table=2 * powers,
        payload=powers,
        payload_bits=8,
        base=2.0,
        scale=np.ones(1),
        max_spikes=max_spikes,
    )
    numbers = Input("numbers", (2,), bits=7, low=np.zeros(1), step=np.ones(1))
    out = Readout("out", (1,), (Synapse(1, np.ones((1, 1), np.int8)),), zero, scale=1.0)
    return Network((numbers, total, out), phases=8, wait=8)


terms = np.stack(np.meshgrid(np.arange(128), np.arange(128)), axis=-1).reshape(-1, 2)
for most in (1, 2, 8):
    sums = adder(most).run(terms).scores[:, 0]
    print(f"up to {most} spikes: {np.mean(sums == terms.sum(1)):.1%} of {len(terms)} sums exact")
assert (sums == terms.sum(1)).all()

# %% [markdown]
# Such a network is like any other: it has a file, and every engine computes its integers.

# %%
save(adder(8), "adder.net")
kept = load("adder.net")
few = terms[:: len(terms) // 16]
engines = ["reference", "numpy", "numba", *(["lava"] if find_spec("lava") else [])]
for engine in engines:
    assert (kept.run(few, engine).scores[:, 0] == few.sum(1)).all()
print(f"exact on {', '.join(engines)}")
