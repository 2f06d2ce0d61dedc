"""A sigmoid behind the scores is left out; where its values are the result, that is said."""

# ruff: noqa: E402  (imports follow importorskip)

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper, numpy_helper
from torch import nn

from exporters import convert
from onespike_lava import load
from onespike_lava.cli import main
from onespike_lava.errors import UnsupportedError

X = np.random.default_rng(0).normal(size=(200, 6)).astype(np.float32)
SAID = (
    "warning: scores are logits; the source's values are sigmoid(score * output scale), of two "
    "scores the second's; left out is"
)


class Tailed(nn.Module):
    """Layers, and what stands behind them."""

    def __init__(self, outputs, tail):
        super().__init__()
        torch.manual_seed(0)
        self.net = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, outputs))
        self.tail = tail

    def forward(self, x):
        return self.tail(self.net(x))


def outputs(model):
    with torch.no_grad():
        return model(torch.from_numpy(X)).numpy()


def said(network):
    return dict(network.provenance).get("sigmoid_left_out")


@pytest.mark.parametrize(
    ("count", "tail"),
    [(1, torch.sigmoid), (4, torch.sigmoid), (1, lambda x: x.sigmoid().squeeze(1))],
)
def test_values_come_back_from_the_scores(count, tail):
    model = Tailed(count, tail).eval()
    found = convert(model, X, phases=16)
    assert said(found.network) == "sigmoid"
    run = found.network.run(X)
    logits = (run.scores * found.network.output_scale)[:, -count:]
    values = 1 / (1 + np.exp(-logits))
    assert np.abs(values - outputs(model).reshape(values.shape)).mean() < 0.02
    dropped = "dropped (the scores are its logits)"
    assert found.account["sigmoid"] == ("converted" if count == 1 else dropped)


def test_classes_need_no_warning():
    for tail in (
        lambda x: x.softmax(1),
        lambda x: x.log_softmax(1),
        lambda x: torch.sigmoid(x).argmax(1),
        nn.Identity(),
    ):
        assert said(convert(Tailed(4, tail).eval(), X, phases=6).network) is None


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_a_softmax_of_one_value_is_refused(name):
    model = Tailed(1, lambda x: getattr(x, name)(1))
    message = rf"^{name} \({name}\): {name.replace('_', '')} of one value gives the same for every"
    with pytest.raises(UnsupportedError, match=message):
        convert(model, X)


def node(op, inputs, output, **attrs):
    return helper.make_node(op, inputs.split(), [output], output, **attrs)


def saved(folder, nodes, output="y", kind=TensorProto.FLOAT):
    model = Tailed(1, nn.Identity())
    values = {key.replace(".", ""): value.numpy() for key, value in model.state_dict().items()}
    values |= {"one": np.ones(1, np.float32)}
    layers = [
        node("Gemm", "x net0weight net0bias", "a", transB=1),
        node("Relu", "a", "b"),
        node("Gemm", "b net2weight net2bias", "z", transB=1),
        node("Sigmoid", "z", "p"),
    ]
    graph = helper.make_graph(
        [*layers, *nodes],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("N", 6))],
        [helper.make_tensor_value_info(output, kind, None)],
        [numpy_helper.from_array(value, key) for key, value in values.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    made.ir_version = 8
    made.graph.output[0].type.tensor_type.shape.SetInParent()
    path = folder / "net.onnx"
    onnx.save(made, str(path))
    return path


PAIR = [node("Sub", "one p", "q"), node("Concat", "q p", "y", axis=1)]


def test_pairs_of_probabilities_are_two_classes(tmp_path):
    found = convert(saved(tmp_path, PAIR), X, phases=6)
    assert said(found.network) is None
    expected = outputs(Tailed(1, torch.sigmoid))[:, 0] > 0.5
    np.testing.assert_array_equal(found.source.evaluate(X).argmax(1), expected)
    labels = [*PAIR, node("ArgMax", "y", "label", axis=1)]
    path = saved(tmp_path, labels, "label", TensorProto.INT64)
    np.testing.assert_array_equal(convert(path, X).source.evaluate(X).argmax(1), expected)
    assert said(convert(saved(tmp_path, [], "p"), X, phases=6).network) == "p"


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        (PAIR[:1], "output: is one less a probability; return the probability"),
        ([PAIR[0], node("Concat", "p q", "y", axis=1)], r"y \(Concat\): puts together what comes"),
        ([node("Concat", "p p", "y", axis=1)], r"y \(Concat\): puts together what comes after"),
        ([PAIR[0], node("ArgMax", "q", "y", axis=1)], r"y \(ArgMax\): reads one less a probab"),
    ],
)
def test_what_turns_the_order_round_is_refused(tmp_path, nodes, message):
    path = saved(tmp_path, nodes, "q" if len(nodes) == 1 and nodes[0].op_type == "Sub" else "y")
    with pytest.raises(UnsupportedError, match=message):
        convert(path, X)


def test_the_command_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    saved(tmp_path, [], "p")
    np.savez("c.npz", x=X)
    with pytest.raises(SystemExit) as stop:
        main(["export", "net.onnx", "--calibration", "c.npz", "-o", "n.net", "--json"])
    assert stop.value.code in (0, None)
    out, err = capsys.readouterr()
    assert f"{SAID} p\n" in err
    assert json.loads(out)["provenance"]["sigmoid_left_out"] == "p"
    assert said(load("n.net")) == "p"
