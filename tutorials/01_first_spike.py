# %% [markdown]
# # First spike
#
# One neuron, sixteen phases. A value between 0 and 1 is sent as **one** spike; the phase of the
# spike says which level `Q**-k` is nearest. Everything below uses the base install only; with
# matplotlib there is a picture too. Equations are those of
# [Hwang and Kung (2024), arXiv:2403.08786](https://arxiv.org/abs/2403.08786),
# "the paper".

# %%
from importlib.util import find_spec

import numpy as np

from onespike_lava import coding

PHASES, BASE = 16, coding.best_base(16)
print(f"T = {PHASES}, Q = {BASE} (the minimum of Eq. 5)")

# %% [markdown]
# The levels get closer as the phase gets later; a value fires at the first phase whose
# threshold it reaches. Thresholds lie halfway between neighbouring levels: the code rounds
# where it would else floor.

# %%
levels = coding.levels(PHASES, BASE)
thresholds = coding.thresholds(PHASES, BASE)
value = 0.4
phase = int(np.argmax(value >= thresholds)) + 1
print(f"{value} fires at phase {phase}, worth {levels[phase - 1]:.3f}")

# %% [markdown]
# What each value becomes: levels in place of a straight line, closer to each other towards 0.

# %%
if find_spec("matplotlib"):
    import matplotlib.pyplot as plt

    values = np.linspace(0, 1, 500)
    figure, axis = plt.subplots(figsize=(4, 3))
    axis.plot(values, values, lw=0.8, color="grey", label="value")
    axis.plot(values, coding.decoded(values, levels, thresholds), label="what its spike is worth")
    axis.set_xlabel("value")
    axis.legend(frameon=False)
    plt.show()

# %% [markdown]
# ## A layer of one neuron, in integers
#
# The file holds int8 weights, integer payloads and integer thresholds. Here is the smallest
# network there is: an input, one hidden neuron, a readout.

# %%
from onespike_lava.layers import Input, Readout, Spiking, Synapse
from onespike_lava.network import Network

payloads = coding.payload_table(PHASES, BASE, 8)
zero = np.zeros(1, np.int32)
hidden = Spiking(
    name="hidden",
    shape=(1,),
    synapses=(Synapse(0, np.array([[127]], np.int8)),),
    bias=zero,
    threshold_base=np.array([64], np.int32),
    threshold_table=coding.threshold_table(payloads),
    payload=payloads[:-1],
    payload_bits=8,
    base=BASE,
    scale=np.array([1 / 127 / 256]),
)
network = Network(
    layers=(
        Input("input", (1,), bits=8, low=np.zeros(1), step=np.array([1 / 255])),
        hidden,
        Readout("output", (1,), (Synapse(1, np.array([[1]], np.int8)),), zero, scale=1 / 256),
    ),
    phases=PHASES,
    wait=PHASES,
)
x = np.linspace(0, 1, 6)[:, None]
run = network.run(x, record=True)
for sample, code, score in zip(x[:, 0], run.codes["hidden"][:, 0], run.scores[:, 0], strict=True):
    print(f"x = {sample:.1f}: phase {code:2d}, {score * network.output_scale:.3f}")

# %% [markdown]
# The slow reference engine, which reads like the paper, gives the same integers.

# %%
reference = network.run(x, "reference", record=True)
assert (reference.scores == run.scores).all()
assert (reference.codes["hidden"] == run.codes["hidden"]).all()
assert run.spikes["hidden"] == 5  # x = 0 stays silent, the others spike once
