"""Graphs of other tools that no timed neurons are, or that contradict themselves: one line each."""

from itertools import pairwise

import h5py
import nir
import numpy as np
import pytest

pytest.importorskip("nir", reason="nir is not installed")

from hypothesis import given, settings
from hypothesis import strategies as st

from exporters import read_nir
from onespike_lava.errors import OneSpikeError, OptionError
from tests.damage import byte_changes, changed_bytes, network_or_one_line
from tests.exporters.nir.foreign.graphs import Foreign, drawn
from tests.exporters.nir.stepping import DT

GIVEN = {"steps": 5, "dt": DT, "reset": "zero", "if_r": "second"}


def ones(shape, value=1.0):
    return np.full(shape, value, np.float32)


def chain(*nodes, shape=(2,)):
    """An input, the nodes in a row, and an output, unchecked."""
    found = {"in": nir.Input(np.array(shape))}
    found |= {f"n{number}": node for number, node in enumerate(nodes)}
    found["out"] = nir.Output(np.array([2]))
    names = list(found)
    return nir.NIRGraph(found, list(pairwise(names)), type_check=False)


def lif(shape=(2,), **fields):
    values = {"tau": 2 * DT, "r": 1.0, "v_leak": 0.0, "v_threshold": 3.0, "v_reset": 0.0, **fields}
    return nir.LIF(**{key: ones(shape, value) for key, value in values.items()})


def linear(*rows):
    return nir.Linear(np.array(rows, np.float32))


EYE = linear([1, 0], [0, 1])
PLANE = (1, 4, 4)


def conv(weight=None, **fields):
    weight = ones((1, 1, 3, 3)) if weight is None else weight
    node = nir.Conv2d((4, 4), weight, 1, 0, 1, 1, ones(len(weight), 0))
    vars(node).update(fields)
    return node


def nested(name, other):
    """An inner graph, and beside it a node or graph that gets one of its names; all connected."""

    def inside(**more):
        nodes = {"input": nir.Input(np.array([2])), "w": EYE, **more}
        nodes["output"] = nir.Output(np.array([2]))
        return nir.NIRGraph(nodes, list(pairwise(nodes)), type_check=False)

    deep = other.endswith("sub")
    graphs = {name: inside(sub=inside()) if deep else inside(), other: inside() if deep else EYE}
    nodes = {"in": nir.Input(np.array([2])), **graphs, "n": lif(), "out": nir.Output(np.array([2]))}
    return nir.NIRGraph(nodes, list(pairwise(nodes)), type_check=False)


def looped(*edges):
    graph = chain(EYE, lif(), EYE, lif())
    graph.edges += list(edges)
    return graph


def bare(*edges):
    graph = chain(EYE, lif())
    graph.nodes["m"] = EYE
    graph.edges += list(edges)
    return graph


GRAPHS = {
    "grid": (
        chain(linear([1, 0.0072], [0, 1]), lif()),
        r"n1: the weights of channel 0 are no int8 multiples of one number \(1, 0.0072\, ...\)",
    ),
    "nan": (chain(linear([1, np.nan], [0, 1]), lif()), "n0/weight: not finite numbers"),
    "matrix": (chain(linear([1, 0, 0]), lif()), r"n0: weight \[1, 3\] does not read \(2,\)"),
    "tau": (chain(EYE, lif(tau=DT / 2)), "n1: a time constant of .* is below a step"),
    "no time": (chain(EYE, lif(tau=0)), "n1: a time constant of 0 seconds"),
    "gain": (chain(EYE, lif(r=-1)), "n1: r or w_in is not positive"),
    "large gain": (
        chain(EYE, nir.LIF(*(np.full(2, v) for v in (DT, 1e308, 1e308, 1, -1e308)))),
        "n1: r, w_in or v_leak is too large; scale",
    ),
    "large weights": (
        chain(*[nir.Linear(np.eye(2) * 1e200)] * 2, lif()),
        r"n2: the weights of channel 0 are no int8 multiples of one number \(inf",
    ),
    "small weights": (
        chain(nir.Linear(np.eye(2) * 5e-324), lif()),
        "n1: a drive of nan units of its weights",
    ),
    "rest": (chain(EYE, lif(v_threshold=-1)), "n1: a threshold is not above"),
    "high": (chain(EYE, lif(v_threshold=1e9)), "n1: a threshold of 2e\\+09 units of its weights"),
    "shape": (chain(EYE, lif(shape=(3,))), r"n1: shape \(3,\) does not take what arrives, \(2,\)"),
    "mixed": (
        chain(EYE, nir.I(ones((2,))), lif()),
        r"n1: a I sends potentials to n2, not spikes; let it fire",
    ),
    "conv1d": (
        chain(nir.Conv1d(4, ones((1, 1, 3)), 1, 0, 1, 1, ones(1)), lif()),
        "n0: a Conv1d node has no place here; known are Affine, Linear",
    ),
    "sign": (chain(nir.Scale(ones(2, -1)), lif()), "n0: a scale is not positive"),
    "delay": (chain(nir.Delay(ones(2, 99 * DT)), lif()), r"n0/delay: 99\.\.99 is outside 0\.\.62"),
    "half": (chain(nir.Delay(ones(2, DT / 2)), lif()), r"n0/delay: .* is not whole"),
    "places": (
        chain(EYE, nir.Delay(np.array([0, DT], np.float32)), lif()),
        "n1: delays .* are not those of the neurons before the weights",
    ),
    "filter": (
        chain(
            nir.Affine(EYE.weight, ones(2)),
            nir.CubaLIF(*(ones(2, value) for value in (2 * DT, 2 * DT, 1, 0, 3, 0))),
        ),
        "n1: a bias before a current filter grows from step to step",
    ),
    "tail": (
        chain(conv(padding=1), conv(padding=1), nir.Flatten(np.array(PLANE), 0), shape=PLANE),
        "n1: n1 pads with zeros what n0 does not leave zero; put neurons between",
    ),
    "kernel": (chain(conv(ones((1, 1, 9, 9))), shape=PLANE), "n0: its kernel is larger than"),
    "groups": (chain(conv(groups=3), shape=PLANE), "n0: weight .* in 3 groups does not read"),
    "stride": (chain(conv(stride=-1), shape=PLANE), r"n0/stride: -1\.\.-1 is outside 1\.\."),
    "padding": (chain(conv(padding=5000), shape=PLANE), "n0/padding: 5000"),
    "mean": (
        chain(nir.AvgPool2d(*(np.array([2, 2]),) * 2, np.array([1, 1])), shape=PLANE),
        "n0: whether the mean of an AvgPool2d counts its padding",
    ),
    "plane": (chain(EYE, shape=(2, 3)), r"in: shape \[2, 3\] is neither"),
    "huge": (chain(lif(), shape=(2**25,)), "in/shape: 3.35544e\\+07..3.35544e\\+07 is outside"),
    "feedback": (looped(("n3", "n0")), "n1, n3, out: feedback from one to another"),
    "loop": (bare(("m", "m"), ("m", "n1")), "m: a loop without neurons"),
    "idle": (bare(("n1", "m")), "m: not on a way from input to output"),
    "fed by none": (bare(("m", "n1")), "m: nothing leads to it"),
    "gone": (bare(("n1", "x")), "edge n1 to x: there is no node x"),
    "twice": (bare(("n0", "n1")), "edge n0 to n1: is there twice"),
    "same name": (
        nested("n1", "n1.w"),
        "n1.w: two nodes have this name, where one of an inner graph is graph.node; rename one",
    ),
    "same names of inner graphs": (
        nested("n1", "n1.sub"),
        "n1.sub.input: two nodes have this name, where one of an inner graph is graph.node; rename",
    ),
    "inputs": (
        nir.NIRGraph(
            {"a": nir.Input(np.array([2])), "b": nir.Input(np.array([2])), "n": lif(),
             "out": nir.Output(np.array([2]))},
            [("a", "n"), ("b", "n"), ("n", "out")],
            type_check=False,
        ),
        r"2 nodes Input \(a, b\); a network here has one",
    ),
}  # fmt: skip


def refused(path, match, **given):
    with pytest.raises(OneSpikeError, match=match) as error:
        read_nir(path, **{**GIVEN, **given})
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("name", GRAPHS)
def test_graphs_are_refused_by_name(name, tmp_path):
    graph, match = GRAPHS[name]
    nir.write(tmp_path / "other.nir", graph)
    assert "; " in refused(tmp_path / "other.nir", match)  # a way out


def test_gains_of_scores_that_differ_are_refused(tmp_path):
    path = tmp_path / "other.nir"
    nir.write(path, chain(EYE, nir.I(np.array([1, 2], np.float32))))
    refused(path, "n1: outputs gain differently, their scores are not of one unit")


def test_what_differs_within_a_channel_is_refused(tmp_path):
    path, values = tmp_path / "other.nir", ones((1, 2, 2))
    values[0, 0, 0] = 2
    node = lif((1, 2, 2))
    node.r = values
    nir.write(path, chain(conv(), node, shape=PLANE))
    refused(path, "n1: r differs within a channel; give a channel one")
    node.r, node.tau = ones((1, 2, 2)), 2 * DT * values
    nir.write(path, chain(conv(), node, shape=PLANE))
    refused(path, "n1: r differs within|n1: the time constant of its potential differs within")


def test_a_reset_potential_of_no_use_is_refused(tmp_path):
    path = tmp_path / "other.nir"
    nir.write(path, chain(EYE, lif(v_reset=-1)))
    refused(path, "n1: v_reset is not 0, which has no meaning", reset="subtract")
    refused(path, "n1: v_reset is not 0, which has no meaning", spikes="many")


@pytest.mark.parametrize(
    ("option", "value", "match"),
    [
        ("steps", 0, r"steps: 0 is outside 1\.\.4096"),
        ("steps", 5.0, r"steps: 5.0 is outside"),
        ("dt", float("nan"), "dt: nan is no length of a step"),
        ("reset", "keep", "reset: 'keep' is not zero or subtract; choose one"),
        ("spikes", 256, r"spikes: 256 is not one, many or 2\.\.255; choose one"),
        ("spikes", "two", "spikes: 'two' is not one"),
        ("floor", float("inf"), "floor: inf is not a finite number"),
        ("if_r", "minute", "if-r: 'minute' is not second or step"),
        ("take", "mean", "take: 'mean' is not last or sum or maximum"),
        ("input_bits", 9, r"input-bits: 9 is outside 1\.\.8"),
    ],
)
def test_values_outside_their_range_are_refused(option, value, match, tmp_path):
    with pytest.raises(OptionError, match=match):
        read_nir(tmp_path / "none.nir", **{option: value})


def test_many_ways_are_refused(tmp_path):
    """Sixteen doublings are 65,536 ways."""
    make, at = Foreign(0), "in"
    make.input(2)
    for _ in range(16):
        pair = [make.add(nir.Scale(ones(2)), at) for _ in range(2)]
        at = make.add(nir.Scale(ones(2)), *pair)
    graph = make.end(make.add(lif(), at))
    nir.write(tmp_path / "other.nir", graph)
    refused(tmp_path / "other.nir", "more than 4096 ways, or 65536 nodes on them, lead to it")


def test_large_identities_are_refused(tmp_path):
    nir.write(tmp_path / "other.nir", chain(lif((5000,)), shape=(5000,)))
    refused(tmp_path / "other.nir", "n0: an identity of 5000 neurons has more than 8388608 weights")


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_damaged_files_are_refused_or_read(data, tmp_path_factory):
    """A few other bytes: one line, or a network that its own file gives back."""
    path = tmp_path_factory.getbasetemp() / "damaged.nir"
    nir.write(path, drawn(1))
    content = path.read_bytes()
    path.write_bytes(changed_bytes(content, data.draw(byte_changes(content))))
    network_or_one_line(lambda: read_nir(path, **GIVEN))


def test_cut_files_are_refused(tmp_path):
    path = tmp_path / "cut.nir"
    nir.write(path, drawn(1))
    content = path.read_bytes()
    for length in range(0, len(content), len(content) // 20):
        path.write_bytes(content[:length])
        refused(path, "not a sound NIR file")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("node/nodes/in/shape", np.array([-2, 6, 8])),
        ("node/nodes/in/shape", np.array([np.nan, 6, 8])),
        ("node/nodes/if.2/r", np.ones((4, 6, 8), "S3")),
        ("node/nodes/if.2/r", np.ones((4, 6, 8), complex)),
        ("node/nodes/if.2/r", np.ones((2, 2))),
        ("node/nodes/if.2/type", "Threshold"),
        ("node/nodes/if.2/type", "NIRGraph"),
        ("node/nodes/conv2d.1/padding", "full"),
        ("node/nodes/conv2d.1/groups", np.array([], np.int64)),
        ("node/nodes/conv2d.1/weight", np.ones((4, 2))),
        ("node/nodes/conv2d.1/bias", np.ones((4, 2))),
        ("node/nodes/conv2d.1/stride", np.array([1, 1, 1])),
        ("node/edges", np.array([["in", "in"]], "S3")),
        ("node/edges", np.array(["in"], "S3")),
    ],
)
def test_other_values_than_nir_has_are_refused(place, value, tmp_path):
    path = tmp_path / "other.nir"
    nir.write(path, drawn(1))
    with h5py.File(path, "r+") as content:
        del content[place]
        content[place] = value
    refused(path, r"other\.nir: ")
