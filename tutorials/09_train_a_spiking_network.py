# %% [markdown]
# # Training a spiking network
#
# A network of leaky neurons is trained as an SNN, over four steps, on handwritten digits: no ReLU
# network comes first. The neurons are ordinary torch modules. Needs torch and scikit-learn (for
# its images): `pip install 'onespike-lava[torch]' scikit-learn`.

# %%
import runpy
import sys
import tempfile
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
from exporters.training import LIF, ATan, Folded, Join, Plan, Repeat, SuperSpike, fit, gain, rates
from exporters.training.measures import mean

here = Path(globals().get("__file__", "here")).resolve()
DIGITS = next(p / "netx_models/digits" for p in here.parents if (p / "netx_models").is_dir())
x_train, y_train, x_test, y_test = map(
    torch.from_numpy, runpy.run_path(str(DIGITS / "data.py"))["split"]()
)
print(f"{len(x_train)} training images {tuple(x_train.shape[1:])}, {len(x_test)} test images")

# %% [markdown]
# ## A neuron
#
# It takes the synaptic input of all steps, `x[T, N, ...]`, and gives the spikes of all steps. A
# current of 0.4 in each step, half of the potential kept from step to step: the potential would
# come to 0.8, so a threshold of 0.65 is passed in the third step. Then it is reset to 0.

# %%
neuron = LIF(decay=0.5, threshold=0.65)
print(neuron(torch.full((6, 1, 1), 0.4)).flatten().tolist())

# %% [markdown]
# A spike has no derivative; a surrogate stands for it, given by its height and width. How much of
# a gradient a layer passes on follows from it, and can be measured before anything is trained.

# %%
for surrogate in (ATan.of(2), SuperSpike.of(2), SuperSpike.of(1)):
    factor = gain(lambda s=surrogate: LIF(0.5, surrogate=s), steps=4, layers=5)
    print(f"{surrogate}: {factor:.2f} for each layer")

# %% [markdown]
# ## A network
#
# `Folded` lets convolutions and batch norms see steps as samples. The image is the same in every
# step, so the first convolution runs once, before `Repeat`. A block adds its spikes to those that
# came in (`ADD` of SEW ResNet): what it sends may be 2, or more after further blocks.


# %%
class Net(nn.Module):
    def __init__(self, steps=4):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), Repeat(steps), LIF(0.5)
        )
        self.block = nn.Sequential(
            Folded(nn.Conv2d(16, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)), LIF(0.5)
        )
        self.join = Join("ADD")
        self.down = nn.Sequential(
            Folded(nn.Conv2d(16, 32, 3, 2, padding=1, bias=False), nn.BatchNorm2d(32)), LIF(0.5)
        )
        self.head = Folded(nn.Flatten(), nn.Linear(512, 10))

    def forward(self, x):
        spikes = self.stem(x)
        spikes = self.join(spikes, self.block(spikes))
        return self.head(self.down(spikes)).mean(0)


torch.manual_seed(1)
network = Net()
print(sum(each.numel() for each in network.parameters()), "parameters")

# %% [markdown]
# ## Training, stopped and gone on with
#
# Everything random follows the seed and the number of the step. A run that is stopped goes on from
# its file, and ends with the weights that it would have had.

# %%
plan = Plan(epochs=6, batch=48, rate=0.05, decay=1e-4, validation=0.1, seed=1)


def stop(name, done, total):
    if done == 60:
        raise KeyboardInterrupt


with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "run.pt"
    try:
        fit(network, x_train, y_train, plan, path=file, progress=stop)
    except KeyboardInterrupt:
        print("stopped in step 60")
    result = fit(network, x_train, y_train, plan, test=(x_test, y_test), path=file)

for number, epoch in enumerate(result.epochs, 1):
    print(f"epoch {number}: loss {epoch['loss']:.3f}, validation {epoch['validation']:.1%}")
print(f"test images right: {result.last:.1%} (last epoch), {result.best:.1%} (best by validation)")

# %%
if find_spec("matplotlib"):
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(4.5, 2.6))
    axis.plot(range(1, plan.epochs + 1), [each["loss"] for each in result.epochs], ".-")
    axis.set_xlabel("epoch")
    axis.set_ylabel("loss")
    plt.show()

# %% [markdown]
# ## How often it fires

# %%
found = rates(network, x_test.split(301))
for name, rate in found.items():
    print(f"{name}: {rate.neurons} neurons, {rate.per_neuron:.2f} spikes each in four steps")
print(f"{mean(found):.2f} spikes per neuron and sample")

assert result.last > 0.95

# %% [markdown]
# ## As integers
#
# `export` finds out what the neurons compute by running them, rounds weights to int8, and tells
# what that costs. The file runs on every engine, Lava's too.

# %%
net = exporters.export(network, x_train[:300].numpy(), labels=y_train[:300].numpy())
integers = (net.predict(x_test.numpy()) == y_test.numpy()).mean()
print(f"{dict(net.provenance)['self_check']}; test images right: {integers:.1%}")

assert abs(integers - result.last) < 0.02
