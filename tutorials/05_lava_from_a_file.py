# %% [markdown]
# # A Lava network from a file
#
# Whoever knows `lava.lib.dl.netx.hdf5.Network` knows this class: a path in, a Process with
# `inp`, `out` and `layers` out. It needs Lava (Python 3.10) and scikit-learn:
# `pip install 'onespike-lava[demo]'`.

# %%
import runpy
import time
from pathlib import Path

import numpy as np
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source

from onespike_lava.data.encoding import encode
from onespike_lava.processes import Encoder, OneSpikeNetwork
from onespike_lava.processes.netx import hdf5
from onespike_lava.processes.runner.session import Session
from onespike_lava.schedule import total_steps

here = Path(globals().get("__file__", "here")).resolve()
DIGITS = next(p / "netx_models/digits" for p in here.parents if (p / "netx_models").is_dir())
images, labels = runpy.run_path(str(DIGITS / "data.py"))["split"]()[2:]
x = images[:5]

net = hdf5.Network(net_config=DIGITS / "digits.net", integers=True)
print(net)

# %% [markdown]
# ## Raw samples through Lava's ring buffers
#
# `inp` takes one sample at the first step of its `T` phases. In fixed point a ring buffer sends
# integers, so the samples are rounded to the grid of the file first (`integers=True` says so).
# `samples_at` tells at which steps the scores leave: samples follow each other every `T` steps,
# while each takes `T_w` steps a layer on its way.

# %%
file, T = net.network, net.network.phases
ends = net.samples_at(len(x))
stream = np.zeros((*net.inp.shape, ends[-1]), int)
stream[..., : len(x) * T : T] = np.moveaxis(encode(file.input, x).integers, 0, -1)
print(f"{len(x)} samples, one every {T} steps, scores at steps {ends.tolist()}")

source, sink = Source(data=stream), Sink(shape=net.out.shape, buffer=int(ends[-1]))
source.s_out.connect(net.inp)
net.out.connect(sink.a_in)
with Session(net, Loihi2SimCfg(select_tag="fixed_pt")) as session:
    session.run(int(ends[-1]))
    by_file = session.get(sink.data)[:, ends - 1].T
expected = file.run(x, engine="numpy")
assert (by_file == expected.scores).all()

# %% [markdown]
# ## The same in one operating-system process
#
# Lava runs every Process of the graph in an operating-system process of its own. `OneSpikeNetwork`
# has a second model, all layers in one, which sends the same at every step and is several times
# as fast. It takes spikes, here those of an `Encoder`, which takes the images as they are.

# %%
steps = total_steps(file, file.wait, len(x))
encoder, whole = Encoder.of(file, x), OneSpikeNetwork(network=file, samples=len(x), record=True)
sink = Sink(shape=whole.out.shape, buffer=steps)
encoder.s_out.connect(whole.inp)
whole.out.connect(sink.a_in)
began = time.perf_counter()
with Session(whole, Loihi2SimCfg(select_tag="fixed_pt")) as session:
    session.run(steps)
    in_one = session.get(sink.data)[:, ends - 1].T
print(f"{time.perf_counter() - began:.1f} s, start and end included")
print("spikes per layer:", dict(zip(expected.spikes, whole.spikes.tolist(), strict=True)))
assert (in_one == expected.scores).all()

# %% [markdown]
# `net.run` does all of this in one line.

# %%
run = file.run(x, engine="lava")
print("classes:", run.predictions, "labels:", labels[: len(x)])
assert (run.scores == expected.scores).all()
assert run.spikes == expected.spikes
