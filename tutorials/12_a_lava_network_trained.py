# %% [markdown]
# # A network trained for Lava
#
# Lava's and Loihi's own neuron, LIF with a filtered current and a reset to 0, is the one that
# TSSL-BP (Zhang and Li 2020) trains: its gradient is that of spike times. So the trained network
# *is* a Lava network: it is exported without a change of its neurons, and runs in Lava's stock
# Processes, integer for integer as in the engines here. Needs Lava (Python 3.10), torch and
# scikit-learn (for its images): `pip install 'onespike-lava[demo,torch]'`.

# %%
import runpy
import sys
from importlib.util import find_spec
from pathlib import Path

if not (find_spec("torch") and find_spec("sklearn")):
    print(
        "torch or scikit-learn is not installed; this tutorial needs both: "
        "pip install 'onespike-lava[demo,torch]'"
    )
    sys.exit()

import numpy as np
import torch
from torch import nn

from exporters import convert_spiking
from exporters.training import TSSL, Folded, KernelLoss, Plan, Repeat, Trace, fit
from onespike_lava.evaluation.comparison import first_difference

here = Path(globals().get("__file__", "here")).resolve()
DIGITS = next(p / "netx_models/digits" for p in here.parents if (p / "netx_models").is_dir())
images, labels, test_images, test_labels = runpy.run_path(str(DIGITS / "data.py"))["split"]()

# %% [markdown]
# ## Training
#
# Two layers over five steps; the image is the same in each. The loss wants the neuron of the label
# to fire from the second step on, and the others not at all.


# %%
def weights(inputs, outputs):
    layer = nn.Linear(inputs, outputs, bias=False)
    nn.init.kaiming_normal_(layer.weight)
    return Folded(layer)


torch.manual_seed(0)
network = nn.Sequential(nn.Flatten(), Repeat(5), weights(64, 100), TSSL(), weights(100, 10), TSSL())
print(network[3])
plan = Plan(epochs=20, batch=48, rate=2e-3, optimiser="adam", clip=1.0, bound=4.0)
result = fit(
    network,
    torch.from_numpy(images),
    torch.from_numpy(labels),
    plan,
    test=(torch.from_numpy(test_images), torch.from_numpy(test_labels)),
    loss=KernelLoss(),
    scores=lambda spikes: Trace()(spikes).sum(0),
)
print(f"{result.last:.1%} of {len(test_labels)} test images, by the filtered spikes")

# %% [markdown]
# ## Export
#
# Weights become int8. The preset `lava` takes what Lava's LIF has: one threshold and one scale for
# each layer, leaks in 1/4096, potentials with 6 fraction bits, rounded towards 0. Classes are those
# of the most output spikes.

# %%
found = convert_spiking(network.eval(), images[:300], readout="sum", preset="lava")
print("self-check:", found.check)
integer = found.network
run = integer.run(test_images)
right = float(np.mean(run.predictions == test_labels))
print(f"{right:.1%} of {len(test_labels)} test images, int8, by spike counts")

# %% [markdown]
# ## In stock Lava
#
# `Dense`, `LIF` and `LIFReset` of `lava-nc`, nothing else, and the reference beside them.

# %%
few = test_images[:20]
lava = integer.run(few, engine="stock", record=True)
reference = integer.run(few, engine="reference", record=True)
difference = first_difference(lava, reference)
print(
    f"{sum(lava.spikes.values())} spikes in Lava; first difference from the reference:", difference
)

assert difference is None
assert result.last - right < 0.02
assert right > 0.9
