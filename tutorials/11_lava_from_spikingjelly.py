# %% [markdown]
# # From SpikingJelly to Lava
#
# A network trained as an SNN keeps its own neurons here: what SpikingJelly, snnTorch, Norse or
# sinabs computes becomes integers, and the integers run in Lava. SpikingJelly 2 needs Python 3.11
# or newer, Lava needs Python 3.10, so that the file goes from one environment to the other: the
# first half of this tutorial says what the first one does, and does it where SpikingJelly is
# installed; the second half needs Lava. Needs scikit-learn for the images.

# %%
import runpy
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np

if not find_spec("sklearn"):
    print("scikit-learn is not installed; this tutorial needs it: pip install scikit-learn")
    sys.exit()

import exporters
import onespike_lava

here = Path(globals().get("__file__", "here")).resolve()
MODELS = next(p / "netx_models" for p in here.parents if (p / "netx_models").is_dir())
PLACE = MODELS / "digits-steps"
images, labels, test, test_labels = runpy.run_path(str(MODELS / "digits" / "data.py"))["split"]()

# %% [markdown]
# ## The network
#
# `models.py` has it as a user of SpikingJelly writes it: layers that take all steps at once
# (`step_mode` m), LIF neurons of the library's defaults, the image in every step, and the mean of
# what the last neurons send:
#
#     layer.Conv2d, layer.BatchNorm2d, neuron.LIFNode, layer.AvgPool2d, ...
#     self.net(x.unsqueeze(0).repeat(8, 1, 1, 1, 1)).mean(0)
#
# `train.py` trained it with surrogate gradients in SpikingJelly itself: 98.17 % of the test images.
# On the command line of that environment:
#
#     onespike export models.py:jelly_lif --weights jelly_lif.safetensors \
#         --calibration calibration.npz -o jelly_lif.net
#
# prints how each neuron was read, and what integers cost. The same from Python:

# %%
if find_spec("spikingjelly"):
    from exporters.frontends.torch.factory import load_factory

    module = load_factory(f"{PLACE / 'models.py'}:jelly_lif", PLACE / "jelly_lif.safetensors")
    found = exporters.convert_spiking(module, images[:500], labels=labels[:500])
    for name, words in found.source.notes.items():
        print(f"{name}: {words}")
    for each in found.check.flips:
        print(f"{each.layer}: {each.alone:.2f} % of spikes differ where the layer is fed alike")
    print(found.check)
    network = found.network
else:
    print("SpikingJelly is not installed: the file that it gave elsewhere serves")
    network = onespike_lava.load(PLACE / "jelly_lif.net")

# %% [markdown]
# Nobody told the exporter what `LIFNode` computes: it ran the neuron on a test input that meets the
# threshold exactly, again and again, and found that it fires *at* the threshold and is reset to
# zero. A neuron that fires above it only would have sent other spikes there.
#
# ## The integers
#
# The layers hold the leak in 4096 parts, a threshold per channel, and round *down*: a leak of one
# half, rounded down, gives exactly the spikes of real numbers, for any number of steps.

# %%
for layer in network.layers[1:-1]:
    parts = layer.integration
    print(
        f"{layer.name}: keeps {int(parts.keep_v[0])} / 4096, rounded {parts.rounding}, "
        f"{parts.fraction_bits} fraction bits, thresholds {layer.threshold.base.min()} and more, "
        f"reset {layer.reset.kind}"
    )
assert all(int(layer.integration.keep_v[0]) == 2048 for layer in network.layers[1:-1])

accuracy = np.mean(network.predict(test) == test_labels)
print(f"{accuracy:.2%} of the test images, the source 98.17 %")
assert abs(accuracy - 0.9817) <= 0.003

# %% [markdown]
# ## Its float twin
#
# The same network as a torch module, float64: no spike differs. One trains it further where
# integers cost too much, and exports what comes out by the same command.

# %%
if find_spec("torch"):
    import torch

    twin = exporters.twin(network)
    run = network.run(test[:50], record=True)
    trains = twin.trains(torch.from_numpy(test[:50]))
    layers = list(network.neurons)
    same = [np.array_equal(trains[name].detach(), run.trains(name)) for name in layers]
    print(f"{sum(int(run.trains(name).sum()) for name in layers)} spikes, equal: {same}")
    assert all(same)

# %% [markdown]
# ## In Lava
#
# Here the file has come to the other environment. Each layer is a Process, one step behind what it
# reads; samples follow each other. Spikes and scores are those of every other engine.
#
# With `--preset lava` the export makes integers that Lava's stock LIF computes, rounding towards
# zero with six fraction bits: `onespike evaluate NET.net --engine lava --stock` runs such a file on
# these. The page "Networks trained elsewhere" says what else is read, and what is refused.

# %%
if not find_spec("lava"):
    print("lava-nc is not installed (Python 3.10 only): its part is left out")
    sys.exit()
few = test[:3]
run = network.run(few, engine="lava", record=True)
known = network.run(few, engine="numpy", record=True)
print("classes:", run.predictions, "labels:", test_labels[:3])
print("spikes per layer:", run.spikes)
assert np.array_equal(run.scores, known.scores)
assert all(np.array_equal(run.trains(n), known.trains(n)) for n in network.neurons)
