# %% [markdown]
# # Choosing a surrogate before training
#
# A spike has no derivative; a surrogate stands for it, and its width decides whether a deep plain
# network trains at all. Papers and libraries name the same surrogate by different parameters, the
# most common cause of results that others cannot repeat. Here each is given by height and width,
# the factor by which a layer changes a gradient is measured before training, and then training is
# tried. Needs torch and scikit-learn: `pip install 'onespike-lava[torch]' scikit-learn`.

# %%
import runpy
import sys
import warnings
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
from exporters.training import IF, Folded, Plan, Repeat, SuperSpike, fit, gain

here = Path(globals().get("__file__", "here")).resolve()
DIGITS = next(p / "netx_models/digits" for p in here.parents if (p / "netx_models").is_dir())
torch.set_num_threads(1)  # layers of eight channels gain nothing by more
x_train, y_train, x_test, y_test = map(
    torch.from_numpy, runpy.run_path(str(DIGITS / "data.py"))["split"]()
)

# %% [markdown]
# ## One surrogate, three widths
#
# SuperSpike is `1 / (1 + a |x|)^2`; papers give `a`, from 1 to 100. What a layer does to a gradient
# on its way back, `gain` measures on drawn weights: below 1 it fades with every layer, above it
# grows. The function warns where a deep plain network is not likely to train.

# %%
warnings.simplefilter("ignore")  # the factor is printed, so the warning is not needed
factors = {}
for a in (0.5, 2, 10):
    surrogate = SuperSpike.of(a)
    factors[a] = gain(lambda s=surrogate: IF(surrogate=s), steps=4, layers=10)
    print(f"a = {a:g}: half as high at {surrogate.width / 2:.2f}, factor {factors[a]:.2f} a layer")

# %% [markdown]
# ## Training, with each
#
# Ten plain layers, no shortcuts, by SGD for three epochs. Nothing else is changed.


# %%
class Mean(nn.Module):
    def forward(self, x):
        return x.mean(0)


def network(surrogate):
    layers = [nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), Repeat(4)]
    layers.append(IF(surrogate=surrogate))
    for _ in range(8):
        layers.append(Folded(nn.Conv2d(8, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)))
        layers.append(IF(surrogate=surrogate))
    pool = Folded(nn.AdaptiveAvgPool2d(4), nn.Flatten())
    return nn.Sequential(*layers, pool, Mean(), nn.Linear(128, 10))


plan = Plan(epochs=3, batch=48, rate=0.01, seed=0)
right, trained = {}, {}
for a in factors:
    torch.manual_seed(0)
    trained[a] = network(SuperSpike.of(a))
    right[a] = fit(trained[a], x_train, y_train, plan, test=(x_test, y_test)).last
    print(f"a = {a:g}, factor {factors[a]:.2f}: {right[a]:.1%} of {len(y_test)} test images")

# %% [markdown]
# The wide surrogates train, the narrow ones do not. Adam hides this at ten layers, and at twenty no
# longer; beyond that, residual networks are the way. The whole grid, with its seeds, is in
# `docs/training.md`.
#
# ## The surrogate is gone afterwards
#
# It is part of training only. The exported network has thresholds and integers.

# %%
net = exporters.export(trained[0.5], x_train[:300].numpy())
integers = float((net.predict(x_test.numpy()) == y_test.numpy()).mean())
print(f"{integers:.1%} of the test images, int8")

assert factors[0.5] > factors[2] > factors[10]
assert right[0.5] > right[10] + 0.2
assert abs(integers - right[0.5]) < 0.03
