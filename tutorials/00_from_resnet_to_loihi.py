# %% [markdown]
# # From ResNet to Loihi
#
# Ten cells: a small residual network is trained on handwritten digits, becomes a one-spike
# network without retraining, is looked at layer by layer, held against the limits of Loihi 2 and
# run in Lava. Needs torch, scikit-learn and matplotlib; the last cell also Lava (Python 3.10):
# `pip install 'onespike-lava[torch,demo,report]'`.
#
# The digits: 8 x 8 pixels, 1,195 images to train on and 602 to test with.

# %%
import runpy
import sys
from importlib.util import find_spec
from pathlib import Path

if missing := [name for name in ("torch", "sklearn", "matplotlib") if not find_spec(name)]:
    print(
        f"{', '.join(missing)}: not installed; this tutorial needs it: "
        "pip install 'onespike-lava[torch,demo,report]'"
    )
    sys.exit()

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

here = Path(globals().get("__file__", "here")).resolve()
DIGITS = next(p / "netx_models/digits" for p in here.parents if (p / "netx_models").is_dir())
x, y, x_test, y_test = runpy.run_path(str(DIGITS / "data.py"))["split"]()

figure, axes = plt.subplots(1, 8, figsize=(6, 1))
for axis, image, label in zip(axes, x_test[:, 0], y_test, strict=False):
    axis.imshow(image, cmap="gray_r")
    axis.set_title(label, fontsize=9)
    axis.set_axis_off()
plt.show()

# %% [markdown]
# An ordinary residual network: convolutions, batch norms, ReLUs, skip connections. Nothing in it
# knows of spikes.


# %%
class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.skip = nn.Conv2d(inputs, outputs, 1, stride) if stride > 1 else nn.Identity()

    def forward(self, x):
        inner = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(inner)) + self.skip(x))


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU())
        self.block1, self.block2 = Block(16, 16, 1), Block(16, 32, 2)
        self.pool, self.head = nn.AdaptiveAvgPool2d(1), nn.Linear(32, 10)

    def forward(self, x):
        return self.head(self.pool(self.block2(self.block1(self.stem(x)))).flatten(1))


# %% [markdown]
# Training takes some seconds.

# %%
torch.manual_seed(0)
torch.set_num_threads(1)  # a network this small gains nothing from more
model, images, labels = ResNet(), torch.from_numpy(x), torch.from_numpy(y)
optimiser = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=1e-2)
epochs, batch = 10, 64
schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 1e-2, epochs * -(-len(x) // batch))
for _ in range(epochs):
    for chosen in torch.randperm(len(x)).split(batch):
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(images[chosen]), labels[chosen]).backward()
        optimiser.step()
        schedule.step()
model.eval()
with torch.no_grad():
    logits = model(torch.from_numpy(x_test)).numpy()
ann = float(np.mean(logits.argmax(1) == y_test))
print(f"ResNet: {ann:.2%} of the test images right")

# %% [markdown]
# ## Conversion
#
# Some training images, without labels, show how large activations get. The account says what
# became of every node.

# %%
import exporters

conversion = exporters.convert(model, x[:500], phases=16)
conversion

# %% [markdown]
# The result is a network of int8 weights in which each hidden neuron spikes at most once for an
# image; the phase of the spike, 1 to 16, carries the value.

# %%
net = conversion.network
run = net.run(x_test, record=True)
snn = float(np.mean(run.predictions == y_test))
neurons = sum(net.neurons.values())
hidden = sum(run.spikes[name] for name in net.neurons)
print(f"ResNet {ann:.2%}, one-spike network {snn:.2%}")
print(f"{hidden / len(x_test) / neurons:.2f} spikes for each hidden neuron and image")
run

# %% [markdown]
# ## Layer by layer
#
# What the spikes of each layer stand for, beside the activations of the ResNet on the same
# images: 1 would be the same. Errors of a layer reach all layers behind it.

# %%
compared = conversion.compare(x_test[:200])
compared.plot()

# %% [markdown]
# The spikes of one image, a dot each. A layer waits `T_w = 16` phases until all of its input is
# there, and then fires in 16 phases of its own, large values first.

# %%
figure, axis = plt.subplots(figsize=(7, 3.2))
for place, name in enumerate(net.neurons):
    codes = run.codes[name][0].reshape(-1)[:60]
    spiking = np.flatnonzero(codes)
    first = (place + 1) * net.wait
    axis.plot(first + codes[spiking], place + spiking / 75, ".", ms=3)
    axis.axvspan(first + 0.5, first + 16.5, alpha=0.07)
axis.set_yticks([place + 0.4 for place in range(len(net.neurons))], net.neurons)
axis.invert_yaxis()
axis.set_xlabel("phase")
plt.show()

# %% [markdown]
# ## Accuracy for time
#
# A shorter wait makes the network faster: a layer then fires on what has come so far, most of
# which is large.

# %%
waits = [16, 12, 8, 6, 4, 2]
accuracies = [np.mean(net.predict(x_test, wait=wait) == y_test) for wait in waits]
for wait, accuracy in zip(waits, accuracies, strict=True):
    latency = wait * len(net.neurons) + net.phases
    print(f"T_w = {wait:2d}: {accuracy:.2%}, scores after {latency} phases")

# %% [markdown]
# ## Loihi 2
#
# Does it fit the chip? Rules and sizes are those that Intel has published; nothing here has run on
# a chip.

# %%
from onespike_lava import loihi

violations = loihi.check(net)
print(f"{len(violations)} rules violated")
loihi.fit(net, x_test[:50])

# %% [markdown]
# In Lava the same network is a Process like any other; its fixed-point simulation gives the same
# integers, bit for bit. The file holds all of it: `onespike_lava.load("resnet.net")`.

# %%
from onespike_lava.netx import save

save(net, "resnet.net")
print(f"resnet.net: {Path('resnet.net').stat().st_size:,} bytes")
if find_spec("lava") and sys.version_info < (3, 11):
    in_lava = net.run(x_test[:3], engine="lava")
    assert (in_lava.scores == run.scores[:3]).all()
    print("Lava gives the same scores")
assert ann > 0.97
assert snn > ann - 0.01
assert min(each.correlation for each in compared.layers) > 0.98
