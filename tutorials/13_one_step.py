# %% [markdown]
# # A network of a single step
#
# A spiking network needs no time: with one step, a neuron fires or it does not, and a layer is a
# convolution of bits. Such a network (S2NN, Suetake and others 2022) costs one pass, and its
# neurons send one bit each. It is trained here beside the same network with ReLUs, on handwritten
# digits. Needs torch and scikit-learn (for its images):
# `pip install 'onespike-lava[torch]' scikit-learn`.

# %%
import runpy
import sys
from importlib.util import find_spec
from pathlib import Path

if not (find_spec("torch") and find_spec("sklearn")):
    print(
        "torch or scikit-learn is not installed; this tutorial needs both: "
        "pip install 'onespike-lava[torch]' scikit-learn"
    )
    sys.exit()

import torch
from torch import nn

import exporters
from exporters.training import IF, S2NN, ATan, Folded, Plan, Repeat, fit, rates
from exporters.training.measures import mean

here = Path(globals().get("__file__", "here")).resolve()
DIGITS = next(p / "netx_models/digits" for p in here.parents if (p / "netx_models").is_dir())
torch.set_num_threads(1)  # small layers gain nothing by more
x_train, y_train, x_test, y_test = map(
    torch.from_numpy, runpy.run_path(str(DIGITS / "data.py"))["split"]()
)

# %% [markdown]
# ## What stands for the derivative
#
# With a single step nothing is integrated, so all that a network learns comes through the
# surrogate. S2NN takes one that falls off slowly; the usual arctangent is narrower. Both are given
# by their height at the threshold and the width at half of it.

# %%
for surrogate in (S2NN(), ATan()):
    at = surrogate.derivative(torch.tensor([0.0, 0.5, 1.0, 2.0]))
    print(surrogate, [round(each, 3) for each in at.tolist()])

# %% [markdown]
# ## Two networks of one shape
#
# The neuron is an argument. A batch norm before each decides how many of its neurons fire. Values
# are `[T, N, ...]` with T = 1, until `Last` takes the one step's scores.


# %%
class Last(nn.Module):
    def forward(self, x):
        return x[-1]


def network(neuron):
    return nn.Sequential(
        *(nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), Repeat(1), neuron()),
        *(Folded(nn.Conv2d(16, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)), neuron()),
        Folded(nn.MaxPool2d(2)),
        *(Folded(nn.Conv2d(16, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32)), neuron()),
        Folded(nn.Flatten(), nn.Linear(32 * 16, 10)),
        Last(),
    )


plan = Plan(epochs=5, batch=48, rate=0.05, decay=5e-4, seed=0)
trained, right = {}, {}
for name, neuron in {"S2NN": lambda: IF(surrogate=S2NN()), "ReLU": nn.ReLU}.items():
    torch.manual_seed(0)
    trained[name] = network(neuron)
    result = fit(trained[name], x_train, y_train, plan, test=(x_test, y_test))
    right[name] = result.last
    print(f"{name}: {result.last:.1%} of {len(y_test)} test images")

# %% [markdown]
# ## What fires

# %%
found = rates(trained["S2NN"], x_test.split(301))
for name, rate in found.items():
    print(f"{name}: {rate.neurons} neurons, {rate.per_neuron:.2f} spikes each")
print(f"{mean(found):.2f} spikes per neuron and sample")

# %% [markdown]
# ## As integers, on every engine
#
# The image enters as a current, a product for each synapse of the first layer; behind it, a synapse
# adds its weight where its neuron fired.

# %%
spiking = trained["S2NN"].eval()
net = exporters.export(spiking, x_train[:300].numpy(), labels=y_train[:300].numpy())
print(net.summary())
run = net.run(x_test.numpy())
integers = float((run.predictions == y_test.numpy()).mean())
print(f"{integers:.1%} of the test images, int8")
reference = net.run(x_test[:50].numpy(), engine="reference")
equal = (reference.scores == run.scores[:50]).all()
print("scores of the reference, 50 images:", "equal" if equal else "not equal")

assert equal
assert integers > right["S2NN"] - 0.02
assert right["ReLU"] - right["S2NN"] < 0.03
