"""Each way of writing a ReLU network: the same function in floats, the same integers everywhere."""

import warnings

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from exporters import convert
from exporters.frontends.read import read
from exporters.frontends.torch.fx import from_torch
from exporters.passes import prepare
from onespike_lava.errors import DataError, OneSpikeError, UnsupportedError
from onespike_lava.netx import from_bytes, to_bytes
from tests.doors import modules
from tests.doors.modules import PLANES, UNet, nearest
from tests.doors.networks import ALL, SAMPLES, made, near

ENGINES = ("numba", "reference")


@pytest.mark.parametrize("name", ALL)
def test_the_spiking_form_is_the_same_function(name):
    module, x = made(name)
    graph = from_torch(module, x.shape[1:])  # compares the graph with the module itself
    expected = graph.evaluate(x)
    for pool in ("own", "merge"):
        prepared, account = prepare(graph, pool)
        near(prepared.evaluate(x), expected)
        assert set(account) >= {node.name for node in graph.nodes}


@pytest.mark.parametrize("name", ALL)
def test_all_engines_give_the_same_integers(name):
    module, x = made(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # random networks on random samples follow poorly
        conversion = convert(module, x, phases=6)
    network = from_bytes(to_bytes(conversion.network))
    one = network.run(x, engine="numpy", record=True)
    assert one.scores.shape[1] == conversion.source.evaluate(x).reshape(SAMPLES, -1).shape[1]
    for engine in ENGINES:
        other = network.run(x, engine=engine, record=True)
        np.testing.assert_array_equal(other.scores, one.scores)
        assert all((other.codes[key] == one.codes[key]).all() for key in one.codes)
    assert conversion.check.correlation is None or conversion.check.correlation > 0.5


def test_blocks_are_put_back_in_their_places():
    """With many phases the scores are the logits of the same places."""
    module, x = made("U-Net, transposed")
    conversion = convert(module, x, phases=16)
    network = conversion.network
    assert network.readout.blocks == (4, 4)
    assert network.readout.result == (3, 8, 8)
    logits = conversion.source.evaluate(x).reshape(SAMPLES, 3, -1)
    scores = network.run(x).scores.reshape(logits.shape) * network.output_scale
    for channel in range(3):
        found = np.corrcoef(scores[:, channel].reshape(-1), logits[:, channel].reshape(-1))[0, 1]
        assert found > 0.9
    assert network.predict(x).shape == (SAMPLES, 64)


@pytest.mark.parametrize("name", ["channels last at the input", "view to a plane"])
def test_a_network_takes_what_its_source_takes(name):
    module, x = made(name)
    network = from_bytes(to_bytes(convert(module, x, phases=8).network))
    assert network.sample_shape == x.shape[1:]
    planes = x.transpose(0, 3, 1, 2) if x.ndim == 4 else x.reshape(-1, 1, 8, 8)
    if x.ndim == 4:
        plain = convert(module.net, np.ascontiguousarray(planes), phases=8).network
        np.testing.assert_array_equal(plain.run(planes).scores, network.run(x).scores)
    with pytest.raises(DataError, match="does not match"):
        network.run(planes)


@pytest.mark.parametrize("name", ["row network", "row, nearest"])
def test_rows_come_with_and_without_an_axis_of_one(name):
    module, x = made(name)
    network = convert(module, x, phases=8).network
    np.testing.assert_array_equal(network.run(x).scores, network.run(x[:, :, None]).scores)
    assert read(module, (2, 1, 16)).digest() == read(module, (2, 16)).digest()


REFUSED = {
    "max pool behind an enlargement": (
        lambda: nn.Sequential(nn.ReLU(), nn.Upsample(scale_factor=2), nn.MaxPool2d(2), *END),
        "a convolution of its stride in its place",
        lambda: nn.Sequential(nn.ReLU(), nn.Upsample(scale_factor=2), nn.Conv2d(3, 3, 2, 2), *END),
    ),
    "bilinear": (
        lambda: nn.Sequential(nn.ReLU(), nn.Upsample(scale_factor=2, mode="bilinear"), *END),
        "use mode='nearest' and train again",
        lambda: nn.Sequential(nn.ReLU(), nn.Upsample(scale_factor=2), *END),
    ),
    "uneven sizes behind an enlargement": (
        lambda: nn.Sequential(nn.ReLU(), nn.ConvTranspose2d(3, 4, 3, 2), *END4),
        "choose sizes that it divides",
        lambda: nn.Sequential(nn.ReLU(), nn.ConvTranspose2d(3, 4, 2, 2), *END4),
    ),
    "enlarged to no multiple": (
        lambda: nn.Sequential(nn.ReLU(), nn.Upsample(size=(12, 12)), *END),
        "size=[12, 12] of [8, 8]; give a multiple",
        lambda: nn.Sequential(nn.ReLU(), nn.Upsample(size=(16, 16)), *END),
    ),
    "max pool of LeakyReLU": (
        lambda: nn.Sequential(nn.Conv2d(3, 3, 1), nn.LeakyReLU(0.1), nn.MaxPool2d(2), *END),
        "put a ReLU directly after it",
        lambda: nn.Sequential(nn.Conv2d(3, 3, 1), nn.ReLU(), nn.MaxPool2d(2), *END),
    ),
    "adaptive max pool": (
        lambda: nn.Sequential(nn.ReLU(), nn.AdaptiveMaxPool2d(3), nn.Flatten(), nn.Linear(27, 2)),
        "or an average pool",
        lambda: nn.Sequential(nn.ReLU(), nn.AdaptiveAvgPool2d(3), nn.Flatten(), nn.Linear(27, 2)),
    ),
    **{
        kind.__name__: (
            lambda kind=kind: nn.Sequential(nn.Conv2d(3, 3, 1), kind(), *END),
            "use ReLU and train again",
            lambda: nn.Sequential(nn.Conv2d(3, 3, 1), nn.ReLU(), *END),
        )
        for kind in (nn.Hardswish, nn.SiLU, nn.GELU, nn.ELU, nn.Tanh, nn.Mish, nn.Softplus)
    },
    "squeeze and excite": (
        lambda: modules.Function(lambda m, x: x * m.gate(x), gate=nn.Hardsigmoid()),
        "multiplies two values of the network",
        lambda: modules.Function(lambda m, x: x + m.gate(x), gate=nn.Hardsigmoid()),
    ),
    "threshold with a jump": (
        lambda: nn.Sequential(nn.Conv2d(3, 3, 1), nn.Threshold(0.1, 0.0), *END),
        "only equal numbers make a ReLU",
        lambda: nn.Sequential(nn.Conv2d(3, 3, 1), nn.Threshold(0.1, 0.1), *END),
    ),
    "a row convolution of planes": (
        lambda: modules.Function(lambda m, x: m.row(x.flatten(2)), row=nn.Conv1d(3, 2, 1)),
        "only [N, C, H, W] or [N, C, L] is supported",
        lambda: modules.Function(lambda m, x: m.row(x).flatten(2), row=nn.Conv2d(3, 2, 1)),
    ),
    "the batch moved": (
        lambda: modules.Function(lambda m, x: x.permute(1, 0, 2, 3)),
        "the batch must stay in front",
        lambda: modules.Function(lambda m, x: x.permute(0, 1, 3, 2)),
    ),
}
END = (nn.Conv2d(3, 2, 1),)
END4 = (nn.Conv2d(4, 2, 1),)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_names_a_way_out_that_works(name):
    wrong, words, right = REFUSED[name]
    torch.manual_seed(0)
    with pytest.raises(UnsupportedError) as error:
        prepare(from_torch(wrong().eval(), PLANES))
    assert words in str(error.value)
    x = np.random.default_rng(0).normal(size=(SAMPLES, *PLANES)).astype(np.float32)
    graph = from_torch(right().eval(), PLANES)
    near(prepare(graph)[0].evaluate(x), graph.evaluate(x))


@pytest.mark.parametrize("name", ["0", "2", "one.2", "back1", "relu"])
def test_an_inner_value_is_an_output(name):
    body = modules.ended(modules.conv(), nn.ReLU())
    net = UNet(nearest) if "." in name or "back" in name else body
    shape = (1, 8, 8) if isinstance(net, UNet) else PLANES
    if name == "relu":
        net = modules.Function(lambda m, x: m.b(m.a(x).relu()), a=modules.conv(), b=body[2:])
    net.eval()
    x = np.random.default_rng(0).normal(size=(SAMPLES, *shape)).astype(np.float32)
    if name == "back1":  # a module that is traced into has no node of its own
        with pytest.raises(OneSpikeError, match="'back1' is not one of 0; choose one"):
            from_torch(net, shape, name)
        return
    graph = from_torch(net, shape, name)
    near(prepare(graph)[0].evaluate(x), graph.evaluate(x))


def test_several_inputs_are_the_channels_of_one():
    net = modules.Several().eval()
    net.body[0] = modules.conv(5)
    x = np.random.default_rng(0).normal(size=(SAMPLES, 5, 8, 8)).astype(np.float32)

    class Unlike(nn.Module):
        """Two inputs of different channels that meet behind layers of their own."""

        def __init__(self):
            super().__init__()
            self.one, self.two = modules.conv(2), modules.conv(3)
            self.end = modules.ended()

        def forward(self, b, a):
            return self.end(torch.relu(self.one(b) + self.two(a)))

    module = Unlike().eval()
    graph = from_torch(module, (5, 8, 8))
    with torch.no_grad():
        expected = module(*map(torch.from_numpy, (x[:, :2], x[:, 2:]))).numpy()
    near(graph.evaluate(x), expected)
    near(prepare(graph)[0].evaluate(x), expected)
    even = modules.Several().eval()
    even.body[0] = modules.conv(6)
    graph = from_torch(even, (6, 8, 8))
    x = np.random.default_rng(0).normal(size=(SAMPLES, 6, 8, 8)).astype(np.float32)
    with torch.no_grad():
        expected = even(*map(torch.from_numpy, (x[:, :3], x[:, 3:]))).numpy()
    near(graph.evaluate(x), expected)
