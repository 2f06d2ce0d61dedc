"""Ways to build spiking networks, all read as the same graph of one step."""

# ruff: noqa: E402  (imports follow importorskip)

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import nn

from exporters.form import Form
from exporters.frontends.spiking.reading import read_spiking
from exporters.stepping.execution import run
from onespike_lava.errors import OptionError, UnsupportedError
from tests import lookalikes as like
from tests.lookalikes import Steps


class Whole(nn.Module):
    """All steps at once, repeated inside, their mean."""

    def __init__(self, inside=True, steps=4):
        super().__init__()
        self.inside, self.steps = inside, steps
        self.conv, self.bn = Steps(nn.Conv2d(1, 6, 3, padding=1)), Steps(nn.BatchNorm2d(6))
        self.sn, self.pool = like.LIFNode(step_mode="m"), Steps(nn.AvgPool2d(2))
        self.fc, self.out = nn.Linear(6 * 9, 10), like.IFNode(v_reset=None, step_mode="m")

    def forward(self, x):
        if self.inside:
            x = x.unsqueeze(0).repeat(self.steps, 1, 1, 1, 1)
        x = self.pool(self.sn(self.bn(self.conv(x))))
        return self.out(self.fc(x.flatten(2))).mean(0)


class Loop(nn.Module):
    """A loop over steps, states by hand; what it returns is for the caller to choose."""

    def __init__(self, give, steps=5, take=None):
        super().__init__()
        self.give, self.steps, self.take = give, steps, take
        self.fc1, self.lif1 = nn.Linear(8, 16), like.Leaky(0.9)
        self.fc2, self.lif2 = nn.Linear(16, 4), like.Leaky(0.9, reset_mechanism="zero")

    def forward(self, x):
        mem1, mem2 = self.lif1.init_leaky(), self.lif2.init_leaky()
        spikes, potentials, total = [], [], 0
        for step in range(x.shape[0] if self.take == "events" else self.steps):
            now = x[step] if self.take == "events" else x
            spk1, mem1 = self.lif1(self.fc1(now), mem1)
            spk2, mem2 = self.lif2(self.fc2(spk1), mem2)
            spikes.append(spk2)
            potentials.append(mem2)
            total = total + spk2
        return self.give(spikes, potentials, total)


class Cells(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.lif = nn.Linear(8, 16), like.LIFCell()
        self.fc2, self.li = nn.Linear(16, 4), like.LICell()

    def forward(self, x):
        state = last = None
        found = []
        for now in x:
            spikes, state = self.lif(self.fc1(40 * now), state)
            value, last = self.li(self.fc2(spikes), last)
            found.append(value)
        return torch.stack(found)[-1]


def ops(source):
    return [node.op for node in source.stepping.graph.nodes]


def check(source, shape, events=False, samples=6, least=20):
    """The module's own spikes and scores, in float64."""
    size = (samples, source.stepping.steps, *shape) if events else (samples, *shape)
    x = np.random.default_rng(0).integers(0, 4, size).astype(np.float32)
    known, output = source.recorder.run(x, events)
    found = run(source.stepping, x)
    graph = source.stepping.graph
    fires = [n for n in known if Form.of(graph.node(n).params, graph.node(n).attrs).fires]
    assert sum(known[name].sum() for name in fires) > least
    for name in fires:
        assert np.array_equal(found.trains[name], known[name]), name
    return found, output


def test_all_steps_at_once_repeated_inside():
    torch.manual_seed(0)
    source = read_spiking(Whole(), (1, 6, 6))
    assert ops(source) == [
        *("input", "conv", "batchnorm", "neuron", "avgpool", "flatten", "linear", "neuron")
    ]
    assert source.stepping.steps == 4
    found, output = check(source, (1, 6, 6))
    assert np.allclose(found.scores, output)


def test_all_steps_from_outside():
    torch.manual_seed(0)
    for events in (False, True):
        source = read_spiking(Whole(inside=False), (1, 6, 6), events=events, steps=7)
        assert (source.stepping.steps, source.recorder.lead) == (7, "TN")
        found, output = check(source, (1, 6, 6), events)
        assert np.allclose(found.scores, output)


READOUTS = {
    "stack": (lambda s, p, t: torch.stack(s), "sum", 1 / 5, False),
    "list": (lambda s, p, t: s, "sum", 1 / 5, False),
    "mean": (lambda s, p, t: torch.stack(s, 1).mean(1), "sum", 1 / 5, False),
    "count": (lambda s, p, t: t, "sum", 1.0, False),
    "rate": (lambda s, p, t: t / len(s), "sum", 1 / 5, False),
    "last": (lambda s, p, t: s[-1], "last", 1.0, False),
    "last potential": (lambda s, p, t: p[-1], "last", 1.0, True),
    "largest potential": (lambda s, p, t: torch.stack(p).max(0).values, "maximum", 1.0, True),
    "mean potential": (lambda s, p, t: torch.stack(p).mean(0), "sum", 1 / 5, True),
    "population": (lambda s, p, t: t.view(-1, 2, 2).sum(-1), "sum", 1.0, False),
    "population mean": (
        lambda s, p, t: torch.stack(s).unflatten(2, (2, 2)).mean(-1),
        "sum",
        0.2,
        False,
    ),
    "tails": (lambda s, p, t: torch.softmax(t, 1), "sum", 1.0, False),
}


@pytest.mark.parametrize("name", READOUTS)
def test_loops_fold_and_readouts_are_found(name):
    torch.manual_seed(0)
    give, take, factor, potential = READOUTS[name]
    source = read_spiking(Loop(give), (8,))
    grouped = ["linear"] if "population" in name else []
    assert ops(source) == ["input", "linear", "neuron", "linear", "neuron", *grouped]
    stepping = source.stepping
    assert (stepping.take, stepping.potential) == (take, potential)
    assert stepping.factor == pytest.approx(factor)
    found, output = check(source, (8,))
    if name not in ("stack", "list", "tails", "population mean"):
        assert np.allclose(found.scores, output)


def test_loops_over_events_and_cells():
    torch.manual_seed(0)
    loop = Loop(lambda s, p, t: t, take="events")
    for make, events in ((loop, True), (loop, False), (Cells(), True)):
        source = read_spiking(make, (8,), events=events, steps=9)
        found, output = check(source, (8,), events)
        assert source.stepping.steps == 9
        assert np.allclose(found.scores, output)


def test_a_module_of_one_step_is_called_for_each():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(8, 30), like.LIFNode(), like.VotingLayer(10))
    source = read_spiking(net, (8,), steps=6)
    assert ops(source) == ["input", "linear", "neuron", "linear"]
    found, output = check(source, (8,))
    assert np.allclose(found.values, output.swapaxes(0, 1))
    source = read_spiking(net, (8,), events=True, steps=6)
    assert (source.recorder.lead, source.stepping.input) == ("N", "events")
    check(source, (8,), events=True)
    with pytest.raises(OptionError, match="takes one step at a time, say how many: steps=8"):
        read_spiking(net, (8,))


def test_samples_first_and_joined():
    torch.manual_seed(0)
    first = nn.Sequential(nn.Linear(8, 20), like.IAF(min_v_mem=-1.0), nn.Linear(20, 4))
    joined = nn.Sequential(nn.Conv2d(2, 4, 3), like.IAFSqueeze(), nn.Flatten(), nn.Linear(16, 3))
    assert read_spiking(first, (8,), events=True, steps=5).recorder.lead == "NT"
    source = read_spiking(joined, (2, 4, 4), events=True, steps=5)
    assert source.recorder.lead == "N*T"
    check(source, (2, 4, 4), events=True)


class Residual(nn.Module):
    """Joins of spikes behind neurons, as spike-element-wise residual networks have them."""

    def __init__(self, join):
        super().__init__()
        self.join = join
        self.fc1, self.sn1 = nn.Linear(8, 16), like.IFNode(step_mode="m")
        self.fc2, self.sn2 = nn.Linear(16, 16), like.IFNode(step_mode="m")
        self.fc3 = nn.Linear(16, 4)

    def forward(self, x):
        x = self.sn1(self.fc1(x))
        return self.fc3(self.join(x, self.sn2(4 * self.fc2(x)))).mean(0)


JOINS = {
    "ADD": (lambda x, y: x + y, "add"),
    "AND": (lambda x, y: x * y, "neuron"),
    "IAND": (lambda x, y: x * (1.0 - y), "neuron"),
    "NOT AND": (lambda x, y: (1 - x) * y, "neuron"),
}


@pytest.mark.parametrize("name", JOINS)
def test_joins_of_spikes(name):
    torch.manual_seed(0)
    join, op = JOINS[name]
    source = read_spiking(Residual(join), (8,), steps=4)
    assert ops(source)[-2] == op
    found, output = check(source, (8,))
    assert np.allclose(found.scores, output)


def test_the_output_is_chosen():
    both = Loop(lambda s, p, t: (torch.stack(s), torch.stack(p)))
    with pytest.raises(UnsupportedError, match=r"2 of them .0, 1.; choose one with output='0'"):
        read_spiking(both, (8,))
    assert read_spiking(both, (8,), output="1", readout="max").stepping.take == "maximum"
    named = Loop(lambda s, p, t: {"spikes": torch.stack(s), "membrane": torch.stack(p)})
    assert read_spiking(named, (8,), output="membrane", readout="last").stepping.potential
    with pytest.raises(UnsupportedError, match="'2' is not one of 0, 1"):
        read_spiking(both, (8,), output="2")
    with pytest.raises(OptionError, match="has one of its own; leave it out"):
        read_spiking(Loop(lambda s, p, t: t), (8,), readout="mean")


def test_steps_that_contradict():
    with pytest.raises(OptionError, match="steps: 3, but Loop has 5; leave them out"):
        read_spiking(Loop(lambda s, p, t: t), (8,), steps=3)
    with pytest.raises(OptionError, match="steps: missing; Whole takes steps from outside"):
        read_spiking(Whole(inside=False), (1, 6, 6))


def test_the_module_is_not_changed():
    torch.manual_seed(0)
    module = Whole()
    before = {key: value.clone() for key, value in module.state_dict().items()}
    module.train()
    read_spiking(module, (1, 6, 6))
    assert module.training
    assert module.sn.v == 0.0
    assert "forward" not in vars(module.sn)
    for key, value in module.state_dict().items():
        assert value.dtype == before[key].dtype
        assert torch.equal(value, before[key])
