"""A network that steps in the form that integers are made of."""

import numpy as np
import pytest

from exporters.form import Form
from exporters.graph import Graph, Node, Stepping
from exporters.passes.stepping import prepare_steps
from exporters.stepping.execution import run
from onespike_lava.errors import UnsupportedError
from tests.exporters.stepping.drawn import FORMS, network, samples


@pytest.mark.parametrize(("seed", "form"), list(enumerate(FORMS)))
def test_no_spike_changes(seed, form):
    source = network(seed, form)
    prepared, account = prepare_steps(source)
    x = samples(source)
    before, after = run(source, x), run(prepared, x)
    for name, train in after.trains.items():
        assert np.array_equal(train, before.trains[name]), name
    assert np.allclose(before.scores, after.scores)
    ops = {node.op for node in prepared.graph.nodes}
    assert ops <= {"input", "conv", "linear", "add", "neuron", "maxpool", "total"}
    assert account["bn"] == "folded into c1"
    assert account["pool"] in ("converted", "composed into c3")


def test_a_sum_of_spikes_is_one_of_payloads():
    prepared, _ = prepare_steps(network(0, "if"))
    assert prepared.graph.node("join").op == "total"


def net(*nodes, output=None, **options):
    """Nodes behind an input of (2, 6, 6)."""
    found = [Node("x", "input", attrs={"shape": (2, 6, 6)})]
    for name, op, inputs, params, attrs in nodes:
        found.append(Node(name, op, inputs, params, attrs, exact=True))
    return Stepping(Graph(tuple(found), output or found[-1].name), 4, **options)


def neurons(name, source, **options):
    form = Form(options.pop("threshold", 1.0), **options)
    return name, "neuron", (source,), form.numbers(), form.settings()


def conv(name, source, inputs=2, size=1, **attrs):
    weight = np.random.default_rng(0).normal(0.2, 1, (3, inputs, size, size))
    return name, "conv", (source,), {"weight": weight}, attrs


REFUSED = {
    "a maximum of currents": (
        [conv("c", "x"), ("pool", "maxpool", ("c",), {}, {"kernel": (2, 2)}), neurons("n", "pool")],
        r"pool \(maxpool\): takes the maximum of currents of c \(conv\); put it after the neurons",
    ),
    "neurons on neurons": (
        [conv("c", "x"), neurons("n", "c"), ("r", "relu", ("n",), {}, {}), conv("d", "r", 3)],
        r"r \(relu\): no part of a network that steps; put neurons in its place",
    ),
    "late zero": (
        [conv("c", "x"), neurons("n", "c", reset="late_zero")],
        r"n \(neuron\): is reset to zero one step late, and loses that step's input; use reset_del",
    ),
    "late without memory": (
        [conv("c", "x"), neurons("n", "c", keep_v=0.0, reset="late_subtract")],
        "is reset by subtraction one step late without a memory; use a beta above 0",
    ),
    "threshold": (
        [conv("c", "x"), neurons("n", "c", threshold=0.0)],
        "has a threshold that is not above its rest; use a higher one",
    ),
    "decay": (
        [conv("c", "x"), neurons("n", "c", keep_v=1.5)],
        r"has decays outside 0..1; use other time constants",
    ),
    "silent inside": (
        [conv("c", "x"), neurons("n", "c", fire="none"), conv("d", "n", 3)],
        r"n \(neuron\): never fires, and is no output; use neurons that fire",
    ),
    "stuck": (
        [conv("c", "x"), conv("d", "c", 3, 3, padding=(1, 1, 1, 1)), neurons("n", "d")],
        None,
    ),
    "overlapping": (
        [
            conv("c", "x"),
            neurons("n", "c"),
            ("pool", "avgpool", ("n",), {}, {"kernel": (3, 3), "stride": (1, 1)}),
            conv("d", "pool", 3, 3, padding=(1, 1, 1, 1)),
            neurons("m", "d"),
        ],
        r"pool \(avgpool\): is no spikes and goes to d \(conv\), which cannot be put into one map",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_such_form(name):
    nodes, message = REFUSED[name]
    if message is None:  # maps without a bias go into one another
        prepare_steps(net(*nodes))
        return
    with pytest.raises(UnsupportedError, match=message):
        prepare_steps(net(*nodes))


@pytest.mark.parametrize(("size", "fits"), [((2, 2), True), ((3, 3), True), ((4, 4), False)])
def test_pools_that_do_not_overlap_go_into_padded_convolutions(size, fits):
    """Exact where windows beyond the plane see nothing of it."""
    pool = ("pool", "avgpool", ("n",), {}, {"kernel": size})
    nodes = [conv("c", "x"), neurons("n", "c"), pool]
    nodes += [conv("d", "pool", 3, 3, padding=(1, 1, 1, 1)), neurons("m", "d")]
    source = net(*nodes)
    if not fits:
        with pytest.raises(UnsupportedError, match="pool"):
            prepare_steps(source)
        return
    prepared, account = prepare_steps(source)
    assert account["pool"] == "composed into d"
    x = np.random.default_rng(0).random((5, 2, 6, 6))
    before, after = run(source, x), run(prepared, x)
    assert before.trains["m"].sum() > 10
    assert np.array_equal(before.trains["m"], after.trains["m"])


PADDED = {"kernel": (3, 3), "stride": (2, 2), "padding": (1, 1, 1, 1), "count_include_pad": False}
UNEVEN = {
    "means of windows over the border": ("avgpool", PADDED, (3, 3)),
    "areas of a plane": (
        "areas",
        {"rows": ((0, 2), (1, 5), (4, 6)), "columns": ((0, 4), (3, 6))},
        (3, 2),
    ),
    "more areas than rows": (
        "areas",
        {"rows": ((0, 1), (0, 2), (1, 6)) * 3, "columns": ((0, 6),)},
        (9, 1),
    ),
}


@pytest.mark.parametrize("name", UNEVEN)
@pytest.mark.parametrize("reader", ["conv", "linear"])
def test_average_pools_whose_windows_differ(name, reader):
    """Taken into the linear layer behind them, or into a convolution as several synapses."""
    op, attrs, size = UNEVEN[name]
    nodes = [conv("c", "x"), neurons("n", "c"), ("pool", op, ("n",), {}, attrs)]
    weight = np.random.default_rng(1).normal(0.4, 1, (4, 3 * size[0] * size[1]))
    flat = [
        ("flat", "flatten", ("pool",), {}, {}),
        ("d", "linear", ("flat",), {"weight": weight}, {}),
    ]
    nodes += flat if reader == "linear" else [conv("d", "pool", 3)]
    source = net(*nodes, neurons("m", "d"))
    prepared, account = prepare_steps(source)
    assert ("merged into d" in account["pool"]) == (reader == "linear")
    x = np.random.default_rng(0).random((5, 2, 6, 6))
    before, after = run(source, x), run(prepared, x)
    assert before.trains["m"].sum() > 10
    assert np.array_equal(before.trains["m"], after.trains["m"])


def test_gains_of_what_is_read():
    nodes = [conv("c", "x"), neurons("n", "c", fire="none", gain=0.25, keep_v=0.75)]
    source = net(*nodes, potential=True, take="last")
    prepared, _ = prepare_steps(source)
    assert prepared.factor == 0.25
    x = np.random.default_rng(0).random((5, 2, 6, 6))
    assert np.allclose(run(source, x).scores, run(prepared, x).scores)
    each = [
        conv("c", "x"),
        neurons("n", "c", gain=np.linspace(1, 2, 3).reshape(3, 1, 1) + np.zeros((3, 6, 6))),
    ]
    with pytest.raises(UnsupportedError, match="its outputs have gains of their own; use one"):
        prepare_steps(net(*each, potential=True, take="last"))
