# %% [markdown]
# # Few phases, few bits, few synapses: fine-tuning
#
# A conversion loses little at 8 phases and more; at 2 or 3, or with weights of 4 bits, it shows.
# Then a few epochs of training bring it back: not of the ReLU network, but of the integer network
# itself, whose neurons code in the forward pass as the file's do. It learns the logits of the ReLU
# network; with `learn="labels"` the labels of new data.
#
# Needs torch, and scikit-learn for its digits. One minute.

# %%
import sys
from importlib.util import find_spec

import numpy as np

if not (find_spec("sklearn") and find_spec("torch")):
    print(
        "scikit-learn or torch is not installed; this tutorial needs both: "
        "pip install 'onespike-lava[torch]' scikit-learn"
    )
    sys.exit()

import torch
from sklearn.datasets import load_digits
from torch import nn

digits = load_digits()
images = (digits.images / 16).astype(np.float32)[:, None]  # [1797, 1, 8, 8]
labels = digits.target
x, y, x_test, y_test = images[:1200], labels[:1200], images[1200:], labels[1200:]

# %% [markdown]
# ## A ReLU network
#
# Trained by the loop of the kit; any torch module or ONNX file of ReLUs does.

# %%
from exporters.training import Plan, fit

torch.manual_seed(0)
torch.set_num_threads(1)
network = nn.Sequential(
    nn.Conv2d(1, 12, 3, padding=1),
    nn.ReLU(),
    nn.Conv2d(12, 24, 3, padding=1, stride=2),
    nn.ReLU(),
    nn.Flatten(),
    nn.Linear(24 * 16, 10),
)
tensors = torch.from_numpy(x), torch.from_numpy(y)
test = torch.from_numpy(x_test), torch.from_numpy(y_test)
plan = Plan(epochs=15, batch=40, rate=0.02)
source = fit(network, *tensors, plan, test=test).last
print(f"ReLU network: {source:.2%} of the test images")

# %% [markdown]
# ## Two phases
#
# `finetune` converts the network and trains it on. Between its two stages thresholds and levels are
# fitted anew to what the potentials have become.

# %%
import exporters
from exporters import FineTuning


def share(net):
    return float((net.predict(x_test) == y_test).mean())


found = exporters.finetune(
    network, x, y, "two.net", phases=2, tuning=FineTuning(epochs=8, batch=40, rate=1e-3)
)
for number, epoch in enumerate(found.epochs, 1):
    print(f"epoch {number}: loss {epoch['loss']:.4f}")
print(f"T = 2: {share(found.before):.2%} converted, {share(found.network):.2%} fine-tuned")

# %% [markdown]
# ## Weights of 4 bits, 48 synapses a neuron
#
# The largest weights of each neuron stay. The file tells which connections were pruned, so that
# zeros are no synapses in any count.

# %%
few = exporters.finetune(
    network,
    x,
    y,
    "few.net",
    phases=4,
    tuning=FineTuning(epochs=8, batch=40, rate=2e-3, weight_bits=4, fan_in=48),
)
for layer in few.network.layers[1:]:
    weight = layer.synapses[0].weight
    live = np.count_nonzero(weight.reshape(len(weight), -1), axis=1)
    print(f"{layer.name}: weights {weight.min()}..{weight.max()}, up to {live.max()} per neuron")
print(f"T = 4, 4 bits, fan-in 48: {share(few.network):.2%}")

# %% [markdown]
# ## A file like any other
#
# Every engine sends the same spikes, and so does Lava, where it is installed.

# %%
import onespike_lava
from onespike_lava.evaluation.comparison import first_difference

net = onespike_lava.load("few.net")
expected = net.run(x_test[:50], "reference", record=True)
assert first_difference(net.run(x_test[:50], "numba", record=True), expected) is None
for layer in net.layers[1:]:
    assert np.abs(layer.synapses[0].weight).max() <= 7
assert share(found.network) >= share(found.before)
assert share(few.network) > source - 0.05
