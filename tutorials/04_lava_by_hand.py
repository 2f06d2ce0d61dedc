# %% [markdown]
# # A Lava network by hand
#
# Every part of a one-spike network is a Lava Process that works in any graph of yours. Here
# the network of the digits is put together from its parts: encoder, synapses, neurons, pool,
# readout. Its scores are those of every other engine. It needs Lava (Python 3.10) and
# scikit-learn: `pip install 'onespike-lava[demo]'`.

# %%
import runpy
from pathlib import Path

import numpy as np
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.io.sink import RingBuffer as Sink

import onespike_lava
from onespike_lava.layers import per_neuron
from onespike_lava.processes import Conv, Dense, Encoder, OneSpike, Pool, Readout
from onespike_lava.processes.runner.session import Session

here = Path(globals().get("__file__", "here")).resolve()
DIGITS = next(p / "netx_models/digits" for p in here.parents if (p / "netx_models").is_dir())
net = onespike_lava.load(DIGITS / "digits.net")
images, labels = runpy.run_path(str(DIGITS / "data.py"))["split"]()[2:]
x = images[:5]

# %% [markdown]
# ## When a layer works
#
# Phase `k` of a sample is one time step. A synapse adds one step, a neuron waits `T_w` phases
# before it decides, and samples follow each other every `T` steps. So each Process is told the
# step before its clock begins, `start`: a layer behind a synapse starts one step after its
# source begins to fire, and fires `T_w` steps after that.

# %%
T, T_w = net.phases, net.wait
image, conv1, conv2, pool1, conv3, linear = net.layers


def neurons(layer, start):
    """One-spike neurons with a layer's thresholds, payloads and biases."""
    return OneSpike(
        shape=layer.shape,
        threshold_base=per_neuron(layer.threshold_base, layer.shape),
        threshold_table=layer.threshold_table,
        payload=layer.payload,
        bias=per_neuron(layer.bias, layer.shape),
        wait=T_w,
        start=start,
    )


def convolution(layer, source):
    """A layer's first synapse, which reads a source."""
    synapse = layer.synapses[0]
    return Conv(weight=synapse.weight, input_shape=source.shape, window=synapse.window)


# %% [markdown]
# ## The graph
#
# The encoder takes the images as the network's source took them and sends their binary code.
# The neurons of `conv1` begin one step later.

# %%
encoder = Encoder.of(net, x)
into_conv1, on_conv1 = convolution(conv1, image), neurons(conv1, start=1)
encoder.s_out.connect(into_conv1.s_in)
into_conv1.a_out.connect(on_conv1.a_in)

fires = 1 + T_w
into_conv2, on_conv2 = convolution(conv2, conv1), neurons(conv2, start=fires + 1)
on_conv1.s_out.connect(into_conv2.s_in)
into_conv2.a_out.connect(on_conv2.a_in)

# %% [markdown]
# A max pool passes the first spike of each window in the same step: it is no synapse.

# %%
fires += 1 + T_w
first_spikes = Pool(
    input_shape=conv2.shape,
    shape=pool1.shape,
    kernel=pool1.kernel,
    window=pool1.window,
    phases=T,
    start=fires,
)
on_conv2.s_out.connect(first_spikes.s_in)

into_conv3, on_conv3 = convolution(conv3, pool1), neurons(conv3, start=fires + 1)
first_spikes.s_out.connect(into_conv3.s_in)
into_conv3.a_out.connect(on_conv3.a_in)

# %% [markdown]
# The readout never spikes: it sends its potential as the last phase of a sample has arrived.
# Lava's own `Dense` would drop the lowest bit of weights of mixed sign; this one is Lava's, with
# the arguments that make it exact.

# %%
fires += 1 + T_w
into_linear = Dense(weight=linear.synapses[0].weight)
scores = Readout(shape=linear.shape, phases=T, bias=linear.bias, start=fires + 1)
on_conv3.s_out.flatten().connect(into_linear.s_in)
into_linear.a_out.connect(scores.a_in)

ends = fires + 1 + T * np.arange(1, len(x) + 1)
sink = Sink(shape=linear.shape, buffer=int(ends[-1]))
scores.s_out.connect(sink.a_in)

# %% [markdown]
# ## Run it
#
# Plain `encoder.run(...)` works as well; a session also ends in a clear error where Lava would
# hang, and leaves no child process behind.

# %%
with Session(encoder, Loihi2SimCfg(select_tag="fixed_pt")) as session:
    session.run(int(ends[-1]))
    received = session.get(sink.data)

by_hand = received[:, ends - 1].T
run = net.run(x, engine="numpy")
print("scores of the first image:", by_hand[0].astype(int))
print("classes:", by_hand.argmax(1), "labels:", labels[: len(x)])
assert (by_hand == run.scores).all()
