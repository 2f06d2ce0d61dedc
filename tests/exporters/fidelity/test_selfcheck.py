"""The check of an export: it finds faults of passes and poor networks, and leaves sound ones be."""

import json
import re
import warnings

import numpy as np
import pytest

from exporters import convert, export
from exporters.fidelity.equivalence import Known
from exporters.fidelity.selfcheck import SAMPLES
from exporters.graph import Graph, Node
from exporters.passes import pipeline as passes
from onespike_lava.errors import OneSpikeWarning, SelfCheckError
from tests.drawn import Drawn, samples
from tests.sources import cnn, images


def normed():
    """A convolution with a batch norm, an average pool, another convolution, two classes."""
    rng = np.random.default_rng(0)
    norm = {"gamma": rng.uniform(0.5, 2, 6), "beta": rng.normal(size=6),
            "mean": rng.normal(size=6), "var": rng.uniform(0.5, 2, 6)}  # fmt: skip
    nodes = (
        Node("x", "input", attrs={"shape": (3, 8, 8)}),
        Node("conv", "conv", ("x",), {"weight": rng.normal(size=(6, 3, 3, 3)) / 5}),
        Node("norm", "batchnorm", ("conv",), norm),
        Node("relu", "relu", ("norm",)),
        Node("pool", "avgpool", ("relu",), attrs={"kernel": (2, 2)}),
        Node("conv2", "conv", ("pool",), {"weight": rng.normal(size=(8, 6, 2, 2)) / 5}),
        Node("relu2", "relu", ("conv2",)),
        Node("flatten", "flatten", ("relu2",)),
        Node("logits", "linear", ("flatten",), {"weight": rng.normal(size=(4, 32)) / 5}),
    )
    return Graph(nodes, "logits")


def faulty(sound, name, key, change):
    """The pass `sound`, after which parameter `key` of a node is changed."""

    def planted(draft):
        sound(draft)
        node = draft.nodes[name]
        draft.put(Node(name, node.op, node.inputs, {**node.params, key: change(node.params[key])},
                       node.attrs))  # fmt: skip

    planted.__name__ = sound.__name__
    return planted


FAULTS = {
    "a scaled weight": ("fold_batch_norms", "conv", "weight", lambda w: w * 1.01, "relu"),
    "one channel's sign": (
        "drop_flattens", "logits", "weight", lambda w: w * ([[1], [-1], [1], [1]]), None
    ),
    "a dropped bias": ("fold_batch_norms", "conv", "bias", lambda b: b * 0, "relu"),
    "a pool's divisor": ("own_average_pools", "pool", "weight", lambda w: w * 4 / 9, "relu2"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_of_a_pass_is_named(fault, monkeypatch):
    name, node, key, change, place = FAULTS[fault]
    for group in ("BEFORE_POOLS", "AFTER_POOLS"):
        planted = [
            faulty(each, node, key, change) if each.__name__ == name else each
            for each in getattr(passes, group)
        ]
        monkeypatch.setattr(passes, group, tuple(planted))
    where = f"first in {place}" if place else "in its outputs"
    expected = (
        f"conversion: the pass {name} changes what the network computes, {where}: they move by "
    )
    with pytest.raises(SelfCheckError, match=f"^{re.escape(expected)}.* please report it") as error:
        convert(normed(), images(20), pool="own")
    assert error.value.__cause__ is None
    assert len(str(error.value).splitlines()) == 1


def test_the_way_round_a_fault_is_named_where_there_is_one(monkeypatch):
    """Merged pools with a wrong divisor; pools with neurons of their own are right."""

    def planted(draft):
        sound(draft)
        node = draft.nodes["conv2"]
        weight = node.params["weight"] * 4 / 9
        draft.put(Node("conv2", "conv", node.inputs, {**node.params, "weight": weight}, node.attrs))

    sound = passes.merge_average_pools
    planted.__name__ = sound.__name__
    monkeypatch.setattr(passes, "merge_average_pools", planted)
    with pytest.raises(SelfCheckError, match=r"and use pool 'own' until then$"):
        convert(normed(), images(20))
    assert convert(normed(), images(20), pool="own").check.difference < 1e-6


def test_rounding_of_large_values_that_cancel_is_no_fault():
    """A batch norm takes a mean of 100,000 off values that differ by a few: float32 is coarse."""
    rng = np.random.default_rng(0)
    far = 1e5
    norm = {"gamma": np.ones(4), "beta": np.zeros(4), "mean": np.full(4, far), "var": np.ones(4)}
    nodes = (
        Node("x", "input", attrs={"shape": (3,)}),
        Node("a", "linear", ("x",), {"weight": rng.normal(size=(4, 3)), "bias": np.full(4, far)}),
        Node("n", "batchnorm", ("a",), norm),
        Node("r", "relu", ("n",)),
        Node("y", "linear", ("r",), {"weight": rng.normal(size=(2, 4))}),
    )
    x = rng.normal(size=(50, 3)).astype(np.float32)
    check = convert(Graph(nodes, "y"), x).check
    assert check.difference > 1e-4
    known = Known.of(Graph(nodes, "y"), x)
    assert not known.explains(known.apart(lambda part: known.graph.evaluate(part) * 2))


def test_figures_against_plain_arithmetic():
    x = images(100)
    found = convert(cnn(), x)
    some = x[np.linspace(0, 99, SAMPLES).astype(int)]
    exact = found.source.evaluate(some)
    run = found.network.run(some)
    logits = run.scores * found.network.output_scale
    assert found.check.samples == SAMPLES
    assert found.check.agreement == np.mean(run.predictions == exact.argmax(1))
    assert found.check.correlation == pytest.approx(
        np.corrcoef(exact.ravel(), logits.ravel())[0, 1]
    )
    around = [(each - each.mean(0)).ravel() for each in (exact, logits)]
    assert found.check.variation == pytest.approx(np.corrcoef(*around)[0, 1])
    assert found.check.difference < 1e-6
    text = dict(found.network.provenance)["self_check"]
    assert text == str(found.check)
    assert re.fullmatch(r"64 samples, agreement 0\.\d{3}, correlation 0\.9\d\d", text)


def test_dense_outputs_agree_place_by_place():
    rng = np.random.default_rng(0)
    nodes = (
        Node("x", "input", attrs={"shape": (3, 8, 8)}),
        Node("a", "conv", ("x",), {"weight": rng.normal(size=(6, 3, 3, 3))}),
        Node("r", "relu", ("a",)),
        Node("y", "conv", ("r",), {"weight": rng.normal(size=(4, 6, 1, 1))}),
    )
    found, x = convert(Graph(nodes, "y"), images(30)), images(30)
    run = found.network.run(x)
    same = run.predictions == found.source.evaluate(x).argmax(1).reshape(30, 36)
    assert (found.check.samples, found.check.agreement) == (30, same.mean())


def test_one_output_has_no_classes_and_constants_no_correlation():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 5)).astype(np.float32)

    def perceptron(last):
        return Graph(
            (
                Node("x", "input", attrs={"shape": (5,)}),
                Node("a", "linear", ("x",), {"weight": rng.normal(size=(16, 5))}),
                Node("r", "relu", ("a",)),
                Node("y", "linear", ("r",), {"weight": last}),
            ),
            "y",
        )

    check = convert(perceptron(rng.normal(size=(1, 16))), x).check
    assert check.agreement is None
    assert check.correlation > 0.99
    check = convert(perceptron(np.zeros((2, 16))), x).check
    assert (check.difference, check.agreement) == (0, 1)
    assert (check.correlation, check.variation, check.warning) == (None, None, None)
    assert str(check) == "40 samples, agreement 1.000"


def two_scales():
    """Samples of which every tenth is far above the others: the grid's steps hide the rest."""
    x = images(100)
    x[::10] *= 1000
    return x


@pytest.mark.parametrize(
    ("x", "options", "tries"),
    [
        (two_scales(), {}, "calibration data like all that the network will see"),
        (images(), {"wait": 0}, "a wait of 16, "),
        (images(), {"phases": 1}, "16 or more phases, "),
        (images(10), {"phases": 2, "correct": "none"}, "the default options, more calib"),
    ],
)
def test_a_poor_network_is_warned_of_with_what_to_try(x, options, tries):
    check = convert(cnn(), x, **options).check
    assert re.match(r"self-check: the one-spike network follows its source poorly", check.warning)
    assert tries in check.warning
    with pytest.warns(OneSpikeWarning, match=r"^self-check: .* sound from ") as caught:
        export(cnn(), x, **options)
    assert {each.filename for each in caught} == {__file__}


def test_outputs_far_apart_do_not_hide_that_none_follows_its_own():
    """Two outputs around 50 and 200: constants in their place correlate and name the same class."""
    x = np.zeros((60, 3), np.float32)
    x[:, 0] = np.linspace(0, 1, 60)
    x[5, 1] = 1e5
    nodes = (
        Node("x", "input", attrs={"shape": (3,)}),
        Node("a", "linear", ("x",), {"weight": np.eye(3)[:1]}),
        Node("r", "relu", ("a",)),
        Node("y", "linear", ("r",), {"weight": [[60.0], [90.0]], "bias": [50.0, 200.0]}),
    )
    check = convert(Graph(nodes, "y"), x, input_range=(0, 1e5)).check
    assert check.agreement == 1
    assert check.correlation > 0.92
    assert "(variation 0.000, sound from 0.5)" in check.warning


def test_export_prints_the_check_and_warns_on_stderr(tmp_path, capsys):
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    from onespike_lava.cli import main

    rng = np.random.default_rng(0)
    weights = [
        numpy_helper.from_array(rng.normal(size=shape).astype(np.float32), name)
        for name, shape in (("w1", (4, 16)), ("w2", (16, 3)))
    ]
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w1"], ["a"]), helper.make_node("Relu", ["a"], ["r"]),
         helper.make_node("MatMul", ["r", "w2"], ["y"])], "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 3])], weights,
    )  # fmt: skip
    onnx.save(helper.make_model(graph), str(tmp_path / "m.onnx"))
    np.savez(tmp_path / "x.npz", x=rng.normal(size=(100, 4)).astype(np.float32))

    def printed(*options):
        files = ["--calibration", str(tmp_path / "x.npz"), "-o", str(tmp_path / "m.net")]
        with pytest.raises(SystemExit) as end:
            main(["export", str(tmp_path / "m.onnx"), *files, *options])
        assert end.value.code == 0
        return capsys.readouterr()

    sound = printed()
    assert re.search(r"self-check against the source: 64 samples, agreement \S+, corr", sound.out)
    assert "self-check: the" not in sound.err
    poor = printed("--phases", "1", "--json")
    assert "warning: self-check: the one-spike network follows its source poorly" in poor.err
    told = json.loads(poor.out)["self_check"]
    assert told["samples"] == 64
    assert told["correlation"] < 0.92


@pytest.mark.parametrize("blocks", range(5))
def test_no_false_warning_on_drawn_networks(blocks):
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "self-check")  # dead layers of some are told, and true
        for seed in range(4):
            graph = Drawn(100 * blocks + seed).graph(blocks)
            export(graph, samples(graph, 32))
