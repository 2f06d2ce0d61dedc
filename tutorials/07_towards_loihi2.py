# %% [markdown]
# # Preparing for Loihi 2
#
# Nothing here has run on a chip, and Lava is not needed either: this is what can be known of a
# network beforehand, by public numbers. `docs/loihi.md` has their sources, and what a member of
# Intel's research community adds. On the command line all of it is `onespike check NET.net`.

# %%
import runpy
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from onespike_lava import load, loihi
from onespike_lava.errors import UnsupportedError
from onespike_lava.layers import Spiking
from onespike_lava.loihi.price import price

here = Path(globals().get("__file__", "here")).resolve()
MODELS = next(p / "netx_models" for p in here.parents if (p / "netx_models").is_dir())
digits = load(MODELS / "digits" / "digits.net")
resnet = load(MODELS / "resnet20-cifar10" / "resnet20.net")

# %% [markdown]
# ## Rules
#
# A violation is a number beyond a limit of the chip: bits of weights, states, thresholds,
# payloads and messages, neurons, synapses. All come at once, each with layer,
# what was found, the limit and a way out. Both shipped networks pass.

# %%
for network in (digits, resnet):
    print(f"{network.layers[0].name}: {len(loihi.check(network))} violations")

# %% [markdown]
# Limits are data, each with its source, so that a member can put in better ones. Suppose that
# only one core of the chip were free:

# %%
for name, limit in list(loihi.LOIHI2.items())[:5]:
    print(f"{name:16} {limit.number}")
one_core = {**loihi.LOIHI2, "cores": replace(loihi.LOIHI2["cores"], number=1)}
violations = loihi.check(resnet, limits=one_core)
print(violations[0])
assert violations

# %% [markdown]
# Notes break nothing, but are to be known: what needs microcode of one's own, and what Lava's
# stock processes cannot hold.

# %%
for note in loihi.notes(digits):
    print(note)

# %% [markdown]
# ## How much of a chip
#
# The share is a lower bound: neurons, state and weights, without routing, microcode and the gaps
# of a mapping. `unrolled` is the share if every synapse stored its own weight, as if no kernel
# could be shared. With images at hand (scikit-learn's) the engine also counts spikes.

# %%
images = None
if find_spec("sklearn"):
    images = runpy.run_path(str(MODELS / "digits" / "data.py"))["split"]()[2][:100]
fitted = loihi.fit(digits, images, step_time=10)
for layer in fitted.layers:
    spikes = "" if layer.spikes is None else f"{layer.spikes:8.1f} spikes"
    print(f"{layer.name:8} {layer.neurons:6d} neurons  {layer.share:7.3%} ({layer.binds}) {spikes}")
whole = loihi.fit(resnet).layers[-1]
print(f"ResNet-20: {whole.share:.1%} of a chip with shared kernels, {whole.unrolled:.0%} unrolled")

# %% [markdown]
# ## Steps and time
#
# A stream takes `T` steps a sample. The first score comes after `T_w + 1` steps a layer and the
# sample's own `T`: a smaller wait answers sooner, at some cost of accuracy (Table VIII of
# [Hwang and Kung (2024), arXiv:2403.08786](https://arxiv.org/abs/2403.08786)). What a
# step takes in microseconds depends on the busiest core and link and has no public number, so
# rates are printed for a step time that you give (10 here is a guess).

# %%
print(f"{fitted.steps_per_sample} steps per sample, {fitted.samples_per_second:,.0f} a second")
for wait in (digits.phases, 8, 4):
    steps = loihi.fit(digits, wait=wait).latency_steps
    print(f"T_w = {wait:2d}: {steps} steps until the scores")

# %% [markdown]
# ## Without microcode: the stock composition
#
# A one-spike neuron is no stock process of Lava. Three of the stock neurons and a clock make
# one, exactly, at a price in neurons and steps; it runs in Lava's simulation as well
# (`onespike_lava.processes.stock`). Where stock processes cannot hold a number, it is refused.

# %%
found = price(digits)
total = found.layers[-1]
print(f"{total.neurons} neurons in place of {total.neurons_own}, ", end="")
print(f"{found.steps_per_sample} steps per sample in place of {digits.phases}")
try:
    price(replace(digits, wait=4))
except UnsupportedError as error:
    print(error)

# %% [markdown]
# ## What a member adds
#
# Each Process has an empty slot for its chip model, `ncmodels.py`. The neuron to write in
# microcode adds, compares with `base * table[k]` and sends `payload[k]`:

# %%
layer = next(layer for layer in digits.layers if isinstance(layer, Spiking))
print("threshold base, one a channel:", layer.threshold_base[:4], "...")
print("table, one a phase:", layer.threshold_table)
print("payload, one a phase:", layer.payload)
processes = MODELS.parent / "onespike_lava" / "processes"
print("slots:", *sorted(path.parent.name for path in processes.glob("*/ncmodels.py")))

# %%
assert not loihi.check(digits)
assert not loihi.check(resnet)
assert total.neurons < 3 * total.neurons_own
assert whole.share < 1 < whole.unrolled
