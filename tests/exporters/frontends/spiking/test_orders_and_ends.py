"""Elements in another order, and a softmax where it is no end: exact, or refused by name."""

# ruff: noqa: E402  (imports follow importorskip)

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import nn

from exporters.form import Form
from exporters.stepping.conversion import convert_spiking
from exporters.stepping.execution import run
from exporters.training import LIF
from onespike_lava.errors import UnsupportedError

STEPS, ORDER = 6, [3, 7, 1, 9, 0, 2, 8, 4, 6, 5]


class Net(nn.Module):
    """Spikes of ten neurons or of planes in every step, and what a test makes of them."""

    def __init__(self, give, planes=False):
        super().__init__()
        self.give, self.planes = give, planes
        self.first = nn.Conv2d(1, 4, 3) if planes else nn.Linear(6, 10)
        self.neurons, self.more = LIF(), LIF()
        self.fc = nn.Linear(10, 10)
        self.one, self.two = nn.Linear(64, 3), nn.Linear(64, 3)
        self.next = nn.Conv2d(4, 4, 3)

    def forward(self, x):
        joined = self.first(x.flatten(0, 1)).unflatten(0, x.shape[:2])
        return self.give(self, self.neurons(joined))


def samples(planes):
    shape = (16, 1, 6, 6) if planes else (16, 6)
    return (np.random.default_rng(0).random(shape) * 3).astype(np.float32)


def conv(net, y):
    return net.more(net.next(y.flatten(0, 1)).unflatten(0, y.shape[:2])).flatten(2).mean(0)


GIVEN = {
    "classes in another order": (lambda net, y: y[:, :, ORDER].mean(0), False),
    "the same, softmax": (lambda net, y: y[:, :, ORDER].mean(0).softmax(-1), False),
    "groups of another order": (
        lambda net, y: y[:, :, ORDER].view(*y.shape[:2], 2, 5).mean(-1).mean(0),
        False,
    ),
    "means and sums of one value": (
        lambda net, y: (
            y.view(*y.shape[:2], 2, 5).mean(-1) - y.view(*y.shape[:2], 2, 5).sum(-1)
        ).mean(0),
        False,
    ),
    "two orders of one layer": (
        lambda net, y: (net.one(y.flatten(2)) + net.two(y[:, :, [2, 0, 3, 1]].flatten(2))).mean(0),
        True,
    ),
    "a convolution of shuffled channels": (lambda net, y: conv(net, y[:, :, [2, 0, 3, 1]]), True),
    "classes by argmax": (lambda net, y: y.mean(0).argmax(1), False),
}


@pytest.mark.parametrize("name", GIVEN)
def test_what_is_read_is_what_the_module_gives(name):
    """The conversion holds spikes and output against the module; here its classes once more."""
    torch.manual_seed(0)
    give, planes = GIVEN[name]
    net, x = Net(give, planes).eval(), samples(planes)
    found = convert_spiking(net, x, steps=STEPS)
    scores = run(found.source, x).scores.reshape(len(x), -1)
    steps = torch.from_numpy(x).double().expand(STEPS, *x.shape)
    with torch.no_grad():
        wanted = net.double()(steps).numpy()
    if "softmax" in name:
        wanted = wanted.argmax(1)
    if wanted.ndim > 1:
        assert np.allclose(scores, wanted, atol=1e-6)
    else:
        assert (scores[np.arange(len(x)), wanted] == scores.max(1)).all()


REFUSED = {
    "softmax inside": (lambda net, y: net.fc(y.mean(0).softmax(-1)), "only the end of a network"),
    "softmax of every step": (lambda net, y: y.softmax(-1).mean(0), "put the steps together"),
    "softmax over steps": (lambda net, y: y.softmax(0).mean(0), "is no softmax of classes"),
    "softmax over samples": (lambda net, y: y.mean(0).softmax(0), "is no softmax of classes"),
    "alpha": (
        lambda net, y: torch.add(torch.add(y[0], y[1], alpha=-1), y[2]),
        "puts values of steps 0 and 1 together",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_ends_that_are_none(name):
    torch.manual_seed(0)
    give, message = REFUSED[name]
    with pytest.raises(UnsupportedError, match=message):
        convert_spiking(Net(give).eval(), samples(False), steps=STEPS)


@pytest.mark.parametrize("steps", [7, 8])
@pytest.mark.parametrize("features", [7, 8, 10])
def test_as_many_samples_or_classes_as_steps(steps, features):
    torch.manual_seed(0)
    for give in (lambda net, y: y, lambda net, y: y.mean(0)):
        net = Net(give)
        net.first = nn.Linear(6, features)
        convert_spiking(net.eval(), samples(False), steps=steps)


def test_a_list_of_all_steps():
    """As neurons that never fire give their potentials."""
    torch.manual_seed(0)
    net, x = Net(lambda net, y: list(y)).eval(), samples(False)
    found = convert_spiking(net, x, steps=STEPS, readout="sum")
    steps = torch.from_numpy(x).double().expand(STEPS, *x.shape)
    with torch.no_grad():
        wanted = torch.stack(net.double()(steps)).sum(0).numpy()
    assert np.allclose(run(found.source, x).scores, wanted)


def test_whole_numbers_are_constants_of_a_form_too():
    form = Form(1, keep_u=0, drive=1)
    assert not form.filters
    assert set(form.numbers()) >= {"threshold", "keep_u", "drive"}
