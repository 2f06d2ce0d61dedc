# %% [markdown]
# # Learning without labels, pruned meanwhile
#
# Neurons that spike once learn from the order of spikes: inputs that came before a neuron's own
# spike gain weight, those that came later lose it (STDP). Few neurons of a sample may learn, the
# earliest; so each comes to see something of its own. A weight that falls too low is pruned for
# ever, and what is pruned costs nothing any more, while the network still learns.
#
# All of it is integers: weights of 0..127, shifts instead of products. Needs scikit-learn for its
# digits, and matplotlib for pictures that are more than text.

# %%
import sys
from importlib.util import find_spec

import numpy as np

if not find_spec("sklearn"):
    print("scikit-learn is not installed; this tutorial needs its digits: pip install scikit-learn")
    sys.exit()

from sklearn.datasets import load_digits

digits = load_digits()
images = np.rint(digits.images * (255 / 16)).astype(np.uint8)  # [1797, 8, 8]
labels = digits.target
train, test = slice(0, 1200), slice(1200, None)

# %% [markdown]
# ## Images as latencies
#
# Bright centres and dark centres each have a channel; the strongest contrast spikes in step 1, the
# weakest in step 15. The filters are small, as the images are.

# %%
from exporters.training import stdp
from onespike_lava.learning.latency import Contrast
from onespike_lava.learning.rule import Rule
from onespike_lava.learning.stack import Stage

contrast = Contrast(narrow=0.7, wide=1.4, reach=2, threshold=20, around=4, steps=15)
times = stdp.encode(images[:1], contrast)
print(f"the first image is a {labels[0]}; steps of its bright centres, 0 for silence:")
print(times[0, 0])

# %% [markdown]
# ## Two layers learn
#
# Kernels of 3 x 3. `threshold` is about how many early inputs make a neuron spike, `winners` how
# many channels learn from an image, `prune` the weight below which a synapse goes. The rate doubles
# every `doubling` images; a layer is done when its weights have converged.

# %%
recipe = stdp.Recipe(
    contrast,
    (
        Stage(16, 3, 1, 1, Rule(threshold=2 * 127, winners=4, radius=1, doubling=50, prune=38)),
        Stage(32, 3, 1, 2, Rule(threshold=6 * 127, winners=6, radius=1, doubling=50, prune=38)),
    ),
)
trained = stdp.train(images[train], labels[train], recipe)
for number, layer in enumerate(trained.layers, 1):
    print(f"layer {number}, {layer.connectivity:.0%} of {layer.live.size} connections live")
    for look in layer.history[::3]:
        print(
            f"  {look.samples:4d} images: convergence {look.convergence:.4f}, live {look.live:.0%}"
        )

# %% [markdown]
# ## What they see
#
# Pictures of some kernels of the second layer, in pixels of the input: edges, corners, ends. For
# all of them, with the curves, `stdp.report(trained, "learning.html")` writes a page.

# %%
from onespike_lava.learning.pictures import pictures

_, second = pictures(recipe.stages, trained.layers)
if find_spec("matplotlib"):
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 8, figsize=(6, 1.7))
    for axis, picture in zip(axes.flat, second, strict=False):
        axis.imshow(picture, cmap="gray")
        axis.set_axis_off()
    plt.show()
    stdp.report(trained, "learning.html", "Digits of 8 x 8 pixels")
else:
    shades = " .:-=+*#%@"
    for line in np.hstack(second[:8]):
        bright = np.clip(line / second[:8].max(), 0, 1) * (len(shades) - 1)
        print("".join(2 * shades[int(value)] for value in bright))

# %% [markdown]
# ## The same without pruning
#
# Pruning while it learns saves the learning itself: a spike passes live synapses alone, and weights
# that are gone need no convergence.

# %%
whole = stdp.train(images[train], labels[train], recipe.changed(prune=0))


def cost(given):
    return sum(layer.integrations for layer in given.layers)


def accuracy(given):
    found = given.network.predict(stdp.encode(images[test], contrast))
    return float((found == labels[test]).mean())


for name, given in (("pruned", trained), ("whole", whole)):
    print(f"{name:6s}  {accuracy(given):.1%}, {cost(given) / 1e6:.1f} M integrations in learning")

# %% [markdown]
# ## A file like any other
#
# Latency input, one-spike neurons, a readout by least squares: engines, Lava and reports take it.
# Of layers that were pruned it holds the weights that live.

# %%
import onespike_lava

onespike_lava.save(trained.network, "digits-stdp.net")
network = onespike_lava.load("digits-stdp.net")
print(f"{network.weights} weights in the file, {network.pruned} were pruned")
some = stdp.encode(images[test][:20], contrast)
assert (network.run(some, "reference").scores == network.run(some, "numba").scores).all()
assert all(layer.connectivity < 0.3 for layer in trained.layers)
assert cost(trained) < cost(whole) / 2
assert accuracy(trained) > 0.9
