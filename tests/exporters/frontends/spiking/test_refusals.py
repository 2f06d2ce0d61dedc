"""What is not read, by name and with a way out."""

# ruff: noqa: E402  (imports follow importorskip)

import pytest

torch = pytest.importorskip("torch")
from torch import nn

from exporters.frontends.read import read
from exporters.frontends.spiking.reading import read_spiking
from onespike_lava.errors import UnsupportedError
from tests import lookalikes as like

REFUSED = {
    "a class": (like.QIFNode(), r"2 \(QIFNode\): has no normal form .*; train with IFNode, LIFN"),
    "a loop back": (
        like.RLeaky(),
        r"2 \(RLeaky\): feeds back what it sends; train with Leaky or Synaptic, each layer ahead",
    ),
    "an encoder": (like.PoissonEncoder(), r"2 \(PoissonEncoder\): makes spikes of values; encode"),
    "a behaviour": (
        like.KLIFNode(),
        r"2 \(KLIFNode\): has no normal form: \S+ % of its spikes on a test input differ from the "
        r"nearest one, which fires at v >= threshold and is reset to zero; use a neuron",
    ),
    "a quirk": (
        like.Leaky(0.5, reset_delay=False, init_hidden=True),
        r"2 \(Leaky\): has no normal form: \S+ % .* v > threshold and is reset by subtraction; use",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_neurons_of_no_form(name):
    neuron, message = REFUSED[name]
    with pytest.raises(UnsupportedError, match=message):
        read_spiking(nn.Sequential(nn.Flatten(), nn.Linear(8, 4), neuron), (8,), steps=4)


class Net(nn.Module):
    """One layer, and whatever a test does with it."""

    def __init__(self, run, layer=None):
        super().__init__()
        self.run, self.fc, self.lif = run, nn.Linear(8, 8), layer or like.Leaky(0.9)
        self.more = like.LIFNode()

    def forward(self, x):
        return self.run(self, x)


def twice(net, x):
    """The same neurons on different values."""
    first, mem = net.lif(net.fc(x))
    return net.lif(first, mem)[0]


def foreign(net, x):
    """A state that is made by hand."""
    mem = net.lif(net.fc(x))[1]
    return net.lif(net.fc(x), 0.5 * mem)[0]


def other_steps(net, x):
    """What one step gives goes to the next."""
    first, mem = net.lif(net.fc(x))
    second, mem = net.lif(net.fc(x), mem)
    return first + net.fc(second) + second


CALLS = {
    "twice": (
        twice,
        r"lif \(Leaky\): is called on different values; use the same layers in every step",
    ),
    "foreign": (foreign, "is no output|its own of the step before|computes with potentials"),
    "other steps": (other_steps, "puts values of steps 0 and 1 together; only neurons may remem"),
    "random": (
        lambda net, x: net.lif(net.fc((torch.rand_like(x) < x).float()))[0],
        r"rand_like.*draws random numbers; encode outside and give events",
    ),
    "decides": (
        lambda net, x: net.lif(net.fc(x) if x.sum() > 0 else x)[0],
        "only means over rows and columns|reads values to decide or count; do that outside",
    ),
    "potentials": (
        lambda net, x: net.fc(net.lif(net.fc(x))[1]),
        "computes with potentials; only what is read at the end takes them",
    ),
    "products": (lambda net, x: net.fc(x) * net.fc(2 * x), "multiplies values that are not both"),
    "activation": (lambda net, x: net.lif(torch.tanh(net.fc(x)))[0], "tanh.*not supported"),
    "attention": (lambda net, x: x @ net.fc(x).T, "T .T.: not supported"),
}


@pytest.mark.parametrize("name", CALLS)
def test_calls_that_are_not_read(name):
    run, message = CALLS[name]
    with pytest.raises(UnsupportedError, match=message):
        read_spiking(Net(run), (8,), steps=2)


def test_all_refusals_come_at_once():
    net = nn.Sequential(nn.Linear(8, 8), like.QIFNode(), nn.Linear(8, 8), nn.Tanh())
    with pytest.raises(UnsupportedError, match=r"1 \(QIFNode\).*; 3 \(tanh\)"):
        read_spiking(net, (8,), steps=4)
    two = nn.Sequential(nn.Linear(8, 8), nn.Tanh(), like.LIFNode(), nn.Linear(8, 8), nn.ELU())
    with pytest.raises(UnsupportedError, match=r"1 \(tanh\).*; 4 \(elu\)"):
        read_spiking(two, (8,), steps=4)


def test_a_module_that_fits_no_call():
    net = nn.Sequential(nn.Linear(5, 4), like.LIFNode())
    with pytest.raises(UnsupportedError, match=r"can be called in no known way \(\[N, ...\]: mat1"):
        read_spiking(net, (8,), steps=4)


def test_neurons_of_no_form_count_more_than_calls_that_fail():
    net = nn.Sequential(nn.Linear(5, 4), like.QIFNode())
    with pytest.raises(UnsupportedError, match=r"1 \(QIFNode\): has no normal form"):
        read_spiking(net, (8,), steps=4)


def test_other_commands_name_the_neurons():
    net = nn.Sequential(nn.Linear(8, 4), like.LIFNode())
    with pytest.raises(
        UnsupportedError, match=r"has neurons of its own, 1 \(LIFNode\); this takes"
    ):
        read(net, (8,))
