# %% [markdown]
# # A CNN from PyTorch to a netx file
#
# A small network for handwritten digits is trained from nothing, converted without a step of
# retraining, evaluated, inspected and verified. Needs torch and scikit-learn (for its images):
# `pip install 'onespike-lava[torch]' scikit-learn`.

# %%
import runpy
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np

if not (find_spec("torch") and find_spec("sklearn")):
    print(
        "torch or scikit-learn is not installed; this tutorial needs both: "
        "pip install 'onespike-lava[torch]' scikit-learn"
    )
    sys.exit()

import torch
from torch import nn

here = Path(globals().get("__file__", "here")).resolve()
DIGITS = next(p / "netx_models/digits" for p in here.parents if (p / "netx_models").is_dir())
x_train, y_train, x_test, y_test = runpy.run_path(str(DIGITS / "data.py"))["split"]()
print(f"{len(x_train)} training images {x_train.shape[1:]}, {len(x_test)} test images")

# %% [markdown]
# ## Training
#
# Nothing here knows of spikes: convolutions, batch norms, ReLUs, a max pool. The forward pass
# may call functions, reuse tensors, add branches; it is traced, not guessed from the modules.


# %%
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 16, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(16)
        self.pool = nn.MaxPool2d(2)
        self.fc1 = nn.Linear(16 * 4 * 4, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x):
        first = torch.relu(self.bn1(self.conv1(x)))
        second = torch.relu(self.bn2(self.conv2(first)) + first)
        hidden = torch.relu(self.fc1(self.pool(second).flatten(1)))
        return self.fc2(hidden)


torch.manual_seed(0)
torch.set_num_threads(1)  # a network this small gains nothing from more
model, x, y = Net(), torch.from_numpy(x_train), torch.from_numpy(y_train)
epochs, batch = 8, 64
optimiser = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=1e-2)
schedule = torch.optim.lr_scheduler.OneCycleLR(
    optimiser, 5e-3, total_steps=epochs * -(-len(x) // batch)
)
for _ in range(epochs):
    for chosen in torch.randperm(len(x)).split(batch):
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(x[chosen]), y[chosen]).backward()
        optimiser.step()
        schedule.step()
model.eval()
with torch.no_grad():
    logits = model(torch.from_numpy(x_test)).numpy()
print(f"ANN: {np.mean(logits.argmax(1) == y_test):.2%} of the test images right")

# %% [markdown]
# ## Conversion
#
# Some training images show how large each channel's activations get and how they are
# distributed; from these come the normalisation constants `lambda` (Eq. 2 of
# [Hwang and Kung (2024), arXiv:2403.08786](https://arxiv.org/abs/2403.08786), "the paper")
# and the levels of the code. No label is used. The account says what became of every node of
# the network.

# %%
import exporters
from onespike_lava import load
from onespike_lava.netx import save

conversion = exporters.convert(model, x_train[:500], phases=16)
conversion

# %% [markdown]
# The file holds int8 weights and integer parameters; what is read back is equal in every bit.
# `exporters.export(model, calibration, "net.net")` does both steps, and so does `onespike export`.

# %%
save(conversion.network, "net.net")
network = load("net.net")
assert network == conversion.network
print(f"{Path('net.net').stat().st_size} bytes")

# %% [markdown]
# ## Where accuracy goes
#
# Two things can cost accuracy: one spike cannot carry a value exactly, and int8 weights
# and integer thresholds are not real numbers. `simulate` computes the first alone.

# %%
from onespike_lava.evaluation.tally import evaluate

reals = conversion.simulate(x_test)
found = evaluate(network, x_test, y_test)
print(f"ANN                        {np.mean(logits.argmax(1) == y_test):.2%}")
print(f"one-spike, real numbers    {np.mean(reals.argmax(1) == y_test):.2%}")
print(f"one-spike, integers        {found.accuracy:.2%}")
same = np.mean(found.predictions == logits.argmax(1))
print(f"same class as the ANN      {same:.2%}")
print(f"{found.spikes_per_neuron:.2f} spikes per hidden neuron and image, at most one each")

# %% [markdown]
# Which layer loses most? `compare` holds what the spikes stand for against the activations of the
# source network, on the same images; `plot()` draws the correlations, `plot("conv2")` the values
# of one layer.

# %%
compared = conversion.compare(x_test[:200])
compared

# %%
compared.plot("fc1") if find_spec("matplotlib") else None

# %% [markdown]
# ## Inspection
#
# `onespike inspect net.net` prints the same figures.

# %%
network.summary()

# %% [markdown]
# ## Verification
#
# The reference engine is slow and close to the paper. The others must give its integers: every
# spike, every phase, every score. `onespike verify net.net --data test.npz` does this too, and
# names the first neuron where two runs differ.

# %%
from onespike_lava.evaluation.comparison import first_difference

expected = network.run(x_test[:20], "reference", record=True)
for engine in ("numpy", "numba"):
    assert first_difference(network.run(x_test[:20], engine, record=True), expected) is None
print("reference, numpy and numba agree in every spike")

# %%
assert np.mean(logits.argmax(1) == y_test) > 0.97
assert found.accuracy > np.mean(logits.argmax(1) == y_test) - 0.01
assert same > 0.98
assert min(each.correlation for each in compared.layers) > 0.98
