"""From spiking module to file: what it says, what it refuses."""

# ruff: noqa: E402  (imports follow importorskip)

import inspect

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import nn

import exporters
import onespike_lava
from exporters.form import Form
from exporters.graph import Graph, Node, Stepping
from exporters.stepping.conversion import convert_spiking
from exporters.stepping.source import check_reading
from onespike_lava.errors import DataError, OneSpikeWarning, OptionError, UnsupportedError
from onespike_lava.layers import Timed
from tests import lookalikes as like
from tests.exporters.stepping.drawn import network, samples


def net(neuron=like.LIFNode, hidden=24, bias=True, **options):
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(16, hidden, bias=bias), neuron(**options), nn.Linear(hidden, 4), like.IFNode()
    )


def data(count=60, events=None, seed=0):
    random = np.random.default_rng(seed)
    if events:
        return random.integers(0, 3, (count, events, 16)).astype(np.uint8)
    return (random.integers(0, 256, (count, 16)) / 128).astype(np.float32)


def test_export_writes_what_it_returns(tmp_path):
    path, x = tmp_path / "net.net", data()
    found = exporters.export(net(), x, path, steps=6)
    again = onespike_lava.load(path)
    assert found.phases == again.phases == 6
    assert np.array_equal(found.run(x).scores, again.run(x).scores)
    notes = dict(again.provenance)
    assert (notes["preset"], notes["rounding"]) == ("exact", "least")
    assert notes["self_check"].startswith("60 samples, spikes differ ")


def test_convert_spiking_returns_all_of_it():
    x = data()
    labels = np.arange(len(x)) % 4
    found = convert_spiking(net(), x, steps=6, labels=labels)
    assert found.source.steps == 6
    assert found.account["0"] == "converted"
    assert [each.layer for each in found.check.flips] == ["1", "3"]
    assert found.check.agreement > 0.95
    mine, theirs = found.check.accuracy[::-1]
    assert mine == pytest.approx(100 * np.mean(found.network.predict(x) == labels))
    assert abs(mine - theirs) < 10
    assert "accuracy" in str(found.check)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.arange(59) % 4, r"int64\[59\] is not integer\[60\]; give the number of one class per"),
        ("cat", r"<U3\[\] is not integer"),
        (np.zeros((60, 4), int), r"int64\[60, 4\] is not integer\[60\]"),
        (np.zeros(60), r"float64\[60\] is not integer"),
        ([[1], [1, 2]], "list does not make one array"),
        (np.arange(60) % 5, r"labels 0..4 are outside 0..3, the outputs of the network; renumber"),
        (np.arange(60) % 4 - 1, r"labels -1..2 are outside 0..3"),
    ],
)
def test_labels_that_do_not_fit_are_refused_before_all_work(labels, message):
    def worked(*_):
        raise AssertionError

    with pytest.raises(DataError, match=f"^labels: {message}"):
        convert_spiking(net(), data(), steps=4, labels=labels, progress=worked)


def test_dense_outputs_have_a_label_for_each_place():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), like.IFNode())
    x = (np.random.default_rng(0).integers(0, 256, (20, 1, 4, 5)) / 128).astype(np.float32)
    labels = np.random.default_rng(1).integers(0, 3, (20, 4, 5))
    found = convert_spiking(module, x, steps=4, labels=labels)
    expected = 100 * np.mean(found.network.predict(x) == labels.reshape(20, -1))
    assert found.check.accuracy[1] == pytest.approx(expected)
    with pytest.raises(DataError, match=r"^labels: .* give the number of one class per place"):
        convert_spiking(module, x, steps=4, labels=labels[:, 0, 0])


def test_a_mean_rate_is_the_scale():
    x = data()
    found = convert_spiking(net(), x, steps=5)
    run = found.network.run(x, record=True)
    counts = run.trains("3").sum(axis=1)
    assert np.array_equal(run.scores, 127 * counts)
    assert np.allclose(run.scores * found.network.output_scale, counts / 5)
    summed = convert_spiking(net(), x, steps=5, readout="sum").network
    assert summed.output_scale == pytest.approx(5 * found.network.output_scale)


def test_events_give_the_steps():
    x = data(events=7)
    found = convert_spiking(net(), x)
    assert (found.network.phases, found.network.input.coding) == (7, "events")
    assert found.network.input.bits == 2
    with pytest.raises(OptionError, match="steps: 4, but the samples have 7; leave them out"):
        convert_spiking(net(), x, steps=4)
    with pytest.raises(OptionError, match="input_range: events are whole numbers from 0"):
        convert_spiking(net(), x, input_range=(0, 3))
    with pytest.raises(DataError, match=r"events of -1 to 2 are not whole numbers of 0..255"):
        convert_spiking(net(), np.where(x == 0, -1, x).astype(np.int8))


def test_a_filter_of_currents_sees_the_bias():
    """It comes from neurons that fire in every step, and is no drive."""
    x = data()
    module = net(like.Synaptic, alpha=0.75, beta=0.5, init_hidden=True)
    found = convert_spiking(module, x, steps=6)
    steady = found.network.layers[1]
    assert (steady.name, steady.shape) == ("0.steady", (1,))
    run = found.network.run(x, record=True)
    assert (run.trains("0.steady") > 0).all()
    assert max(each.alone for each in found.check.flips) < 1
    twin = exporters.twin(found)
    assert np.array_equal(twin.trains(torch.from_numpy(x))["1"].detach(), run.trains("1"))
    bare = convert_spiking(
        net(like.Synaptic, alpha=0.75, beta=0.5, init_hidden=True, bias=False), x, steps=6
    )
    assert isinstance(bare.network.layers[1], Timed)
    assert bare.network.layers[1].name == "1"


def test_counts_have_room_for_more():
    x = data(events=6)
    found = convert_spiking(nn.Sequential(nn.Linear(16, 8), like.IAF(), nn.Linear(8, 3)), x)
    counts = found.network.run(x, record=True).trains("1")
    (layer,) = (each for each in found.network.layers if each.name == "1")
    assert counts.max() > 1
    assert 2 * counts.max() <= layer.firing.max_count + 1


def test_counts_of_at_most_so_many_stay_so():
    """Of sinabs' MaxSpike: the form's own limit, whatever the samples show."""
    x = data(events=6)
    weight, form = np.full((8, 16), 0.3), Form(1.0, fire="count", reset="subtract", most=2)
    nodes = (
        Node("x", "input", attrs={"shape": (16,)}),
        Node("fc", "linear", ("x",), {"weight": weight}),
        Node("n", "neuron", ("fc",), form.numbers(), form.settings()),
        Node("out", "linear", ("n",), {"weight": np.ones((2, 8))}),
    )
    network = convert_spiking(Stepping(Graph(nodes, "out"), 6, "events"), x).network
    assert network.layers[1].firing.max_count == 2
    assert network.run(x, record=True).trains("n").max() == 2


def test_stock_neurons_are_composed():
    found = convert_spiking(net(hidden=8), data(), steps=4, preset="lava")
    (layer, _) = (each for each in found.network.layers if isinstance(each, Timed))
    assert layer.integration.rounding == "zero"
    with pytest.raises(UnsupportedError, match="stock composition: 1 leaks and subtracts"):
        convert_spiking(net(v_reset=None), data(), steps=4, preset="lava")


def test_options():
    x = data()
    for given, message in {
        "phases": "phases: no option of a network with spiking modules; the options are steps",
        "preset": "preset: 4 is not one of exact, lava",
        "steps": "steps: 0 is outside 1..4096",
    }.items():
        with pytest.raises(OptionError, match=message):
            convert_spiking(net(), x, **{"steps": 4, given: {"steps": 0}.get(given, 4)})
    with pytest.raises(OptionError, match=r"input_bits: 9 is outside 1..8"):
        convert_spiking(net(), x, steps=4, input_bits=9)
    coarse = convert_spiking(net(), x, steps=4, input_bits=3, input_range=(0, 2)).network
    assert (coarse.input.bits, float(coarse.input.step[0])) == (3, pytest.approx(2 / 7))


def test_options_of_spiking_networks_are_of_no_other():
    plain = nn.Sequential(nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 4))
    for given in ({"steps": 4}, {"preset": "lava"}, {"labels": [0]}):
        with pytest.raises(OptionError, match="only of networks that spike; leave it out"):
            exporters.export(plain, data(), **given)
    assert "steps" in inspect.signature(exporters.export).parameters


def test_a_network_of_nodes():
    source = network(1, "if soft")
    x = samples(source)
    found = exporters.export(source, x)
    assert found.phases == 6
    with pytest.raises(OptionError, match="steps: the network tells its own; leave it out"):
        exporters.export(source, x, steps=4)


def test_silence_is_told():
    module = net()
    module[0].weight.data.mul_(0.001)
    module[0].bias.data.zero_()
    with pytest.warns(OneSpikeWarning, match="no neuron of 1, 3 ever fires"):
        exporters.export(module, data(), steps=4)


class Forgetful(nn.Module):
    """Does what no call shows: it changes itself from run to run."""

    def __init__(self):
        super().__init__()
        self.fc, self.sn, self.calls = nn.Linear(16, 8), like.LIFNode(), 0
        self.fc.weight.data.mul_(8)

    def forward(self, x):
        self.calls += 1
        self.fc.weight.data.mul_(0.5 if self.calls == 1 else 1.0)
        return self.sn(self.fc(x))


def test_effects_that_no_call_shows_are_found():
    torch.manual_seed(0)
    from exporters.frontends.spiking.reading import read_spiking

    module = Forgetful()
    source = read_spiking(module, (16,), steps=4)
    source.recorder.root.calls = 1
    with pytest.raises(UnsupportedError, match=r"sn: \S+ % of its spikes differ from those of the"):
        check_reading(source, data())


def test_an_output_that_is_not_what_was_read_is_found():
    from dataclasses import replace

    from exporters.frontends.spiking.reading import read_spiking

    source = read_spiking(net(), (16,), steps=4)
    check_reading(source, data())
    node = source.stepping.graph.node("3")
    other = replace(source.stepping, graph=replace(source.stepping.graph, output="1"))
    assert node.op == "neuron"
    with pytest.raises(UnsupportedError, match="output: differs from that of the module by"):
        check_reading(replace(source, stepping=other), data())


def test_calibration_of_a_wrong_shape():
    source = network(1, "if")
    with pytest.raises(DataError):
        exporters.export(source, data())
    with pytest.raises(DataError, match="no samples"):
        exporters.export(source, samples(source)[:0])
    for x, given in ((data(), {"steps": 4}), (data(events=4), {})):
        with pytest.raises(DataError, match=r"^calibration: no samples; give at least one"):
            exporters.export(net(), x[:0], **given)


def test_events_of_more_bits_than_are_given():
    with pytest.raises(OptionError, match=r"^input_bits: 1 hold payloads of 0..1, .* give 2, or"):
        convert_spiking(net(), data(events=6), input_bits=1)
