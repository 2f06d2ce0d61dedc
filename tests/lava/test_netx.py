"""`hdf5.Network`: lava-dl's interface to files of this library, and lava-dl's own loader."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import h5py
import numpy as np
import pytest

pytest.importorskip("lava.magma", reason="lava-nc is not installed (Python 3.10 only)")

from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source

from onespike_lava.engines.numpy import run
from onespike_lava.errors import OptionError
from onespike_lava.netx import load, save
from onespike_lava.processes import Encoder, Sparse
from onespike_lava.processes.netx import hdf5
from tests import ROOT
from tests.lava.architectures import build, integers
from tests.lava.drive import collect, feed

pytestmark = pytest.mark.lava


@pytest.fixture
def file(tmp_path):
    """A residual network as a file."""
    path = tmp_path / "residual.net"
    save(build("residual"), path)
    return path


def raw(net: hdf5.Network, data: np.ndarray, steps: int) -> np.ndarray:
    """A stream [*shape, steps] with each sample at the step where the network reads it."""
    stream = np.full((*net.inp.shape, steps), 3)
    for sample, values in enumerate(data):
        stream[..., net.reset_offset + sample * net.network.phases] = values
    return stream


@pytest.mark.parametrize("tag", ["fixed_pt", "floating_pt"])
@pytest.mark.parametrize(("offset", "wait", "sparse"), [(0, None, False), (5, 4, True)])
def test_scores_from_raw_samples(file, offset, wait, sparse, tag):
    net = hdf5.Network(
        net_config=str(file),
        reset_offset=offset,
        wait=wait,
        sparse_fc_layer=sparse,
        integers=True,
    )
    data = integers(net.network, 3)
    ends = net.samples_at(3)
    feed(net.inp, raw(net, data, ends[-1]))
    found = collect(net.out, int(ends[-1]), tag)
    np.testing.assert_array_equal(
        found[:, ends - 1].T, run(net.network, data, net.wait, False).scores
    )
    assert isinstance(net.out_layer.synapses[0], Sparse) == sparse


def test_lava_runs_it_as_it_runs_its_own(file):
    """Plain Lava, without a session: `run`, `get`, `stop`."""
    net = hdf5.Network(net_config=file, integers=True)
    data, ends = integers(net.network, 2), net.samples_at(2)
    source, sink = Source(data=raw(net, data, ends[-1])), Sink(shape=net.out.shape, buffer=ends[-1])
    source.s_out.connect(net.inp)
    net.out.connect(sink.a_in)
    net.run(condition=RunSteps(int(ends[-1])), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
    found = sink.data.get()
    net.stop()
    np.testing.assert_array_equal(found[:, ends - 1].T, run(net.network, data, 12, False).scores)


def test_spikes_of_an_encoder_outside(file):
    network = load(file)
    data = integers(network, 2)
    net = hdf5.Network(file, skip_layers=1, reset_offset=2)
    Encoder.of(network, data, integers=True, start=2).s_out.connect(net.inp)
    ends = net.samples_at(2)
    found = collect(net.out, int(ends[-1]))
    expected = run(network, data, network.wait, False)
    np.testing.assert_array_equal(found[:, ends - 1].T, expected.scores)


def test_first_layers_feed_the_last(file):
    """What the first two layers send, recorded, gives the others their scores."""
    front = hdf5.Network(file, num_layers=2, integers=True)
    data, phases = integers(front.network, 2), front.network.phases
    expected = run(front.network, data, front.wait, True)
    steps = int(front.samples_at(2)[-1])
    feed(front.inp, raw(front, data, steps))
    spikes = collect(front.out, steps)[..., -2 * phases :].astype(int)
    by_phase = spikes.reshape(*expected.codes[1].shape[1:], 2, phases) != 0
    codes = np.moveaxis(by_phase @ np.arange(1, phases + 1), -1, 0)
    np.testing.assert_array_equal(codes, expected.codes[1])

    rest = hdf5.Network(file, skip_layers=2)
    ends = rest.samples_at(2)
    silence = np.zeros((*rest.inp.shape, ends[-1] - 2 * phases), int)
    feed(rest.inp, np.concatenate([spikes, silence], axis=-1))
    found = collect(rest.out, int(ends[-1]))
    np.testing.assert_array_equal(found[:, ends - 1].T, expected.scores)


def test_interface(file):
    net = hdf5.Network(file)
    assert [block.title for block in net.layers] == [layer.name for layer in net.network.layers]
    assert net.in_layer is net.layers[0]
    assert net.out_layer is net.layers[-1]
    assert len(net) == len(net.network.layers)
    assert net.inp.shape == (2, 6, 6)
    assert net.out.shape == net.out_layer.out.shape == (3,)
    assert net.in_layer.neuron.s_out.shape == (2, 6, 6)
    assert str(net).splitlines() == [
        "|    Type|W|H|C|ker|str|pad|dil|grp|delay|",
        "|   Input|6|6|2|   |   |   |   |   |     |",
        "|    Conv|6|6|4|3,3|1,1|1,1|1,1|  1|     |",
        "|    Conv|6|6|4|3,3|1,1|1,1|1,1|  1|     |",
        "|    Conv|6|6|4|3,3|1,1|1,1|1,1|  1|     |",
        "|    Conv|6|6|4|3,3|1,1|1,1|1,1|  1|     |",
        "|   +Conv|6|6|4|1,1|1,1|0,0|1,1|  4|   26|",
        "|   Dense|1|1|3|   |   |   |   |   |     |",
        "|  +Dense|1|1|3|   |   |   |   |   |   39|",
    ]


@pytest.mark.parametrize("wait", [12, 7, 0])
def test_skip_path_is_delayed_by_its_missing_layers(file, wait):
    """Each layer that a skip path leaves out costs `T_w + 1` steps (a synapse adds one)."""
    net = hdf5.Network(file, wait=wait)
    lines = [[line and line.line.shape[0] for line in layer.delays] for layer in net.layers]
    assert lines == [[], [None], [None], [None], [None, 2 * (wait + 1)], [None, 3 * (wait + 1)]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"wait": 13},
            "wait: 13 is outside 0..12, the network's phases; give a whole number of them",
        ),
        ({"skip_layers": 6}, "skip_layers: 6 leaves none of 6 layers; skip fewer"),
        ({"num_layers": 2, "skip_layers": 2}, "skip_layers: 2 leaves none of 2 layers; skip fewer"),
        (
            {"reset_offset": -1},
            "reset_offset: -1 is below 0, steps before the start; give 0 or more",
        ),
        (
            {"skip_layers": 3},
            "first layer: spiking4 needs spiking1, which is skipped with others after it; begin "
            "where all paths meet",
        ),
    ],
)
def test_options_are_checked(file, change, message):
    with pytest.raises(OptionError) as caught:
        hdf5.Network(file, **change)
    assert str(caught.value) == message


STOCK = """
import sys
import onespike_lava.processes.netx.hdf5
import numpy as np
from lava.lib.dl.netx import hdf5
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source
net = hdf5.Network(net_config=sys.argv[1])
assert type(net).__module__ == "lava.lib.dl.netx.hdf5"
source, sink = Source(data=np.ones((2, 6), int)), Sink(shape=(2,), buffer=6)
source.s_out.connect(net.inp)
net.out.connect(sink.a_in)
net.run(condition=RunSteps(6), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
print(sink.data.get().astype(int).tolist())
net.stop()
"""


@pytest.fixture
def stock_file(tmp_path):
    """A file of lava-dl's layout: two CUBA neurons, dense, without decay."""
    path = tmp_path / "cuba.net"
    with h5py.File(path, "w") as file:
        layer = file.create_group("layer/0")
        layer["type"] = np.array([b"dense"])
        layer["shape"] = np.array([2])
        layer["weight"] = np.array([[2, 4], [2, -4]])
        neuron = layer.create_group("neuron")
        neuron["type"] = np.array([b"CUBA"])
        neuron["iDecay"], neuron["vDecay"], neuron["vThMant"] = 4096, 0, 10
        neuron["refDelay"], neuron["gradedSpike"] = 1, False
    return path


def test_stock_files_keep_loading_in_lava_dl(stock_file):
    """After an import of this library, and with the spikes that the neuron's equation gives."""
    if find_spec("lava.lib") is None:  # an import would bring torch, which slows every fork here
        pytest.skip("lava-dl is not installed")
    command = [sys.executable, "-c", STOCK, str(stock_file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stderr
    # 6 << 6 a step from step 2 on, threshold 10 << 6: a spike at every second step.
    assert done.stdout.split("\n")[-2] == "[[0, 0, 1, 0, 1, 0], [0, 0, 0, 0, 0, 0]]"
