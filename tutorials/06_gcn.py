# %% [markdown]
# # A graph convolutional network in single spikes
#
# Kipf and Welling (2017) classify the nodes of a graph from a few labels:
# `Z = A relu(A X W0) W1`, where `A = D^-1/2 (A + I) D^-1/2` sums over neighbours. Here the graph
# is their own first example, Zachary's karate club (1977): 34 members, 78 friendships, a quarrel
# that split the club in two, and only the two rivals labelled.
#
# Needs torch and SciPy: `pip install 'onespike-lava[torch]' scipy`.

# %%
import sys
from importlib.util import find_spec

import numpy as np

if not (find_spec("torch") and find_spec("scipy")):
    print(
        "torch or scipy is not installed; this tutorial needs both: "
        "pip install 'onespike-lava[torch]' scipy"
    )
    sys.exit()

import torch
from scipy import sparse
from torch import nn

FRIENDS = """
1 2 3 4 5 6 7 8 10 11 12 13 17 19 21 31|2 3 7 13 17 19 21 30|3 7 8 9 13 27 28 32|7 12 13|6 10
6 10 16|16||30 32 33|33||||33|32 33|32 33|||32 33|33|32 33||32 33|25 27 29 32 33|25 27 31|31
29 33|33|31 33|32 33|32 33|32 33|33
"""
lists = [part.split() for part in FRIENDS.strip().replace("\n", "|").split("|")]
pairs = [(one, int(two)) for one, others in enumerate(lists) for two in others]
OFFICER = {9, 14, 15, 18, 20, *range(22, 34)}
labels = np.array([node in OFFICER for node in range(34)], np.int64)
edges = np.zeros((34, 34))
for one, two in pairs:
    edges[one, two] = edges[two, one] = 1
loops = edges + np.eye(34)
scale = 1 / np.sqrt(loops.sum(1))
adjacency = sparse.csr_matrix(loops * scale[:, None] * scale)
print(f"{len(pairs)} friendships, {adjacency.nnz} nonzeros in A")

# %% [markdown]
# ## Training
#
# The features are the identity: a member has no properties but its friends. The module is plain
# torch; PyTorch Geometric's `GCNConv` would do as well.


# %%
class GCN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Linear(34, 16, bias=False)
        self.conv2 = nn.Linear(16, 2, bias=False)

    def forward(self, x, a):
        hidden = torch.relu(a @ self.conv1(x))
        return a @ self.conv2(hidden)


torch.manual_seed(1)
model, matrix = GCN(), torch.tensor(adjacency.toarray()).float().to_sparse()
known, target = torch.tensor([0, 33]), torch.tensor([0, 1])
optimiser = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)
for _ in range(200):
    optimiser.zero_grad()
    scores = model(torch.eye(34), matrix)
    nn.functional.cross_entropy(scores[known], target).backward()
    optimiser.step()
found = scores.argmax(1).numpy()
print(f"trained on two labels, right about {np.sum(found == labels)} of 34 members")

# %% [markdown]
# ## Conversion
#
# Every layer takes two steps, each a layer of neurons (Sec. IV-D of
# [Hwang and Kung (2024), arXiv:2403.08786](https://arxiv.org/abs/2403.08786)): the map
# `X W`, and the sum over neighbours. The map can be negative, so a pair of neurons carries each of
# its values, one for either sign, and the sum subtracts the second. With identity features `X W0`
# is just a row of `W0` for each node: these rows are what the network takes.

# %%
from exporters.gcn import convert

conversion = convert(model, None, adjacency=adjacency, phases=16)
network = conversion.network
for layer in network.layers:
    print(f"{layer.name:10} {layer.shape}")

# %% [markdown]
# The adjacency stands in the network, as int8 with a scale for every node. All features share a
# row of it; so all neurons of a layer share one `lambda`, and thresholds differ by node only.

# %%
synapse = network.layers[2].synapses[0]
print(f"{len(synapse.weight)} nonzeros, signs {synapse.signs.tolist()} for each pair")
print(f"lambda of conv1: {np.unique(network.layers[2].constant)}")

# %% [markdown]
# ## The whole graph is one sample
#
# In go the features of all nodes, out come the classes of all nodes.

# %%
run = network.run(conversion.features, record=True)
classes = run.predictions[0]
print(f"one-spike network: right about {np.sum(classes == labels)} of 34 members")
print(f"same class as the source network: {np.sum(classes == found)} of 34")
codes = run.codes["conv1.map"][0, :, :, 0]
print(f"spikes: {run.spikes}")
print(f"pairs of which both spike: {np.sum((codes[::2] > 0) & (codes[1::2] > 0))}")

# %% [markdown]
# What the spikes of each layer stand for, beside the source network's values on the same graph.

# %%
conversion.compare()

# %% [markdown]
# Energy of the source network over that of the spikes (Eq. 6 there, additions counted). On a graph
# this small half the additions turn the binary-coded rows into pairs; on R8 they are few.

# %%
from onespike_lava.energy import PICOJOULES
from onespike_lava.evaluation.tally import evaluate

whole = evaluate(network, conversion.features, labels)
macs = conversion.source.macs
print(f"{whole.energy.exact:.0f} additions in place of {macs} multiply-accumulates")
cost = PICOJOULES["fp32"]
print(f"E = {macs * cost['mac'] / (whole.energy.exact * cost['add']):.2f}")

# %% [markdown]
# ## In Lava
#
# The same integers as a Lava Process; `netx_models/text-gcn-r8` does all this with 15,362 nodes.

# %%
engines = ["reference", "numpy", *(["lava"] if find_spec("lava") else [])]
for engine in engines:
    other = network.run(conversion.features, engine, record=True)
    assert (other.scores == run.scores).all()
    assert all((other.codes[name] == run.codes[name]).all() for name in run.codes)
print(f"exactly equal: numba, {', '.join(engines)}")

assert np.sum(classes == found) >= 33
assert np.sum(classes == labels) >= 32
