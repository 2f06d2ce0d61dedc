# %% [markdown]
# # ResNet-20 and where accuracy goes
#
# The CIFAR-10 network of `netx_models`, twice: by the recipe of
# [Hwang and Kung (2024), arXiv:2403.08786](https://arxiv.org/abs/2403.08786)
# ("the paper"; equations are its own) and by the defaults.
# How large is the error that each layer's code makes, how does it grow through 19 layers,
# and what do more phases buy? Needs torch, safetensors, Pillow, and the images
# (`ONESPIKE_DATA` names their folder, see `netx_models/cifar10.py`).

# %%
import runpy
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np

if missing := [name for name in ("torch", "safetensors", "PIL") if not find_spec(name)]:
    print(
        f"{', '.join(missing)}: not installed; this tutorial needs it: "
        "pip install 'onespike-lava[torch,report]' pillow"
    )
    sys.exit()

here = Path(globals().get("__file__", "here")).resolve()
MODELS = next(p / "netx_models" for p in here.parents if (p / "netx_models").is_dir())
cifar10 = runpy.run_path(str(MODELS / "cifar10.py"))
try:
    weights = cifar10["folder"]() / "resnet20.safetensors"
except SystemExit as line:
    print(line)
    sys.exit()

# %%
from safetensors.torch import load_file

model = runpy.run_path(str(MODELS / "resnet20-cifar10" / "model.py"))["build"]()
model.load_state_dict(load_file(weights))
model.eval()

CALIBRATION, IMAGES = 150, 150
pixels, normalised = cifar10["pixels"], cifar10["normalised"]
calibration = normalised(pixels("train", 0, CALIBRATION))
x = normalised(pixels("test", 0, IMAGES))
y = cifar10["labels"]("test", 0, IMAGES)

# %% [markdown]
# ## Two conversions
#
# `PAPER` takes the largest activation of each channel as its constant (Eq. 2), levels `Q**-k`,
# and leaves the weights as they are. The defaults, the shipped file, choose constants and
# levels of least squared error and correct the weights in closed form for the error of their
# inputs; that file was calibrated on more images.

# %%
import exporters
from onespike_lava import coding, load

paper = exporters.convert(model, calibration, **exporters.PAPER, rounding="nearest")
shipped = load(MODELS / "resnet20-cifar10" / "resnet20.net")
runs = {
    "paper": (paper.network, paper.network.run(x, record=True)),
    "defaults": (shipped, shipped.run(x, record=True)),
}

# %% [markdown]
# ## The error of a layer
#
# A spike of phase `k` in channel `c` stands for `lambda[c] * P[k] / 2**bits`. So the recorded
# phases give back each layer's activations, to be compared with the source network's. Three
# columns, in squared error over squared activation: what the paper's code alone would do to
# the exact activations, then what really arrives in each network, errors of all layers before
# it included.


# %%
def decoded(network, run, name):
    """Activations that a layer's spikes stand for, float64[N, C, H, W]."""
    layer = next(layer for layer in network.layers if layer.name == name)
    values = np.concatenate([[0], layer.payload]) / 2.0**layer.payload_bits
    return values[run.codes[name]] * layer.constant.reshape(1, -1, 1, 1)


def error(found, exact):
    return float(np.sum((found - exact) ** 2) / np.sum(exact**2))


layer_of = {node.name: node.inputs[0] for node in paper.prepared.nodes if node.op == "relu"}
table = []


def observe(node, value):
    if node.op == "relu":
        alone = error(paper.codes[node.name].apply(value), value)
        name = layer_of[node.name]
        arrived = [error(decoded(network, run, name), value) for network, run in runs.values()]
        table.append((name, alone, *arrived))


logits = paper.source.evaluate(x, observe)
print(f"{'layer':16} {'code alone':>10} {'paper':>8} {'defaults':>8}")
for name, *errors in table:
    print(f"{name:16} {errors[0]:10.2%} {errors[1]:8.2%} {errors[2]:8.2%}")

# %%
if find_spec("matplotlib"):
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(6, 3))
    titles = ("the code alone", "paper", "defaults")
    for title, column in zip(titles, list(zip(*table, strict=True))[1:], strict=True):
        axis.plot(np.arange(1, len(table) + 1), 100 * np.array(column), ".-", label=title)
    axis.set_xlabel("layer")
    axis.set_ylabel("squared error, percent")
    axis.legend(frameon=False)
    plt.show()

# %% [markdown]
# The code alone costs about the same everywhere; what arrives grows with depth. It is largest
# inside the blocks (`conv1`) and smaller behind an addition (`add`), where the skip path brings
# values that went through fewer layers. The defaults keep it lower throughout.

# %%
print(f"ANN        {np.mean(logits.argmax(1) == y):.1%}")
losses = {}
for title, (network, run) in runs.items():
    found = run.scores * network.output_scale
    losses[title] = float(np.mean((found - logits) ** 2))
    print(
        f"{title:10} {np.mean(run.predictions == y):.1%}, "
        f"same class as the ANN {np.mean(run.predictions == logits.argmax(1)):.1%}, "
        f"squared error of the logits {losses[title]:.3f}"
    )

# %% [markdown]
# Accuracy of a few hundred images is noisy, the logits' error is not. All 10,000 images:
# `python netx_models/evaluate.py resnet20-cifar10 --part test`, and docs/results.md.
#
# ## Phases and base
#
# More phases allow a smaller base, hence finer levels. Eq. 5 picks the base that makes the
# least error on a Gaussian; `mape` is that error.

# %%
by_phases = {}
for phases in (16, 24):
    network = paper.network
    if phases != 16:
        network = exporters.convert(
            model, calibration, phases=phases, **exporters.PAPER, rounding="nearest"
        ).network
    base = coding.best_base(phases)
    found = network.run(x).scores * network.output_scale
    by_phases[phases] = float(np.mean((found - logits) ** 2))
    print(
        f"T = {phases:2d}, Q = {base:.2f}: mape {coding.mape(phases, base):.2%}, squared error of "
        f"the logits {by_phases[phases]:.3f}"
    )

# %%
assert len(table) == 19
assert table[-1][2] > table[0][2]
assert losses["defaults"] < 0.6 * losses["paper"]
assert by_phases[24] < 0.6 * by_phases[16]
