"""ONNX files of scikit-learn and torch: labels left out, same integers by either route."""

# ruff: noqa: E402  (imports follow importorskip)

import inspect
import runpy
import warnings

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from onnx import numpy_helper

from exporters import PAPER, convert
from exporters.frontends.onnx.file import from_onnx
from exporters.passes.pipeline import prepare
from onespike_lava.layers import Readout, Spiking
from tests import DIGITS


def digits():
    """8 x 8 handwritten digits of scikit-learn: float32[1797, 64], labels."""
    datasets = pytest.importorskip("sklearn.datasets")
    x, y = datasets.load_digits(return_X_y=True)
    return x.astype(np.float32), y


def trained(kind, y, *before, **options):
    """ONNX model of a small perceptron of scikit-learn, and the estimator."""
    skl2onnx = pytest.importorskip("skl2onnx")
    from sklearn import neural_network
    from sklearn.pipeline import make_pipeline

    network = getattr(neural_network, kind)(
        hidden_layer_sizes=(20, 12), max_iter=30, random_state=0
    )
    model = make_pipeline(*before, network)
    x, _ = digits()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(x, y)
    options = {id(network): options} if options else None
    return skl2onnx.to_onnx(model, x[:1], options=options), model


def accounted(path):
    """The prepared graph; every node of the file must be in the account."""
    graph = from_onnx(path)
    prepared, account = prepare(graph)
    nodes = onnx.load(str(path)).graph.node
    assert {node.name or node.output[0] for node in nodes} <= set(account)
    return graph, prepared, account


@pytest.mark.parametrize("options", [{}, {"zipmap": False}])
def test_a_classifier_of_scikit_learn(tmp_path, options):
    x, y = digits()
    content, model = trained("MLPClassifier", y, **options)
    path = tmp_path / "model.onnx"
    onnx.save(content, str(path))
    graph, prepared, account = accounted(path)
    assert [node.op for node in prepared.nodes] == ["input", *["linear", "relu"] * 2, "linear"]
    assert (graph.evaluate(x).argmax(1) == model.predict(x)).all()
    dropped = {name: note for name, note in account.items() if note.startswith("dropped")}
    assert "dropped (softmax keeps the order of classes)" in dropped.values()
    assert dropped["ArgMax"] == "dropped (predictions are the argmax of the scores)"
    assert dropped["ArrayFeatureExtractor"] == "dropped (after the logits)"
    found = convert(path, x[:500], phases=16)
    assert found.check.warning is None
    network = found.network
    assert (network.predict(x) == model.predict(x)).mean() > 0.9


def test_a_scaled_classifier_of_two_classes_and_a_regressor(tmp_path):
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    x, y = digits()
    content, model = trained("MLPClassifier", y % 2, preprocessing.StandardScaler())
    path = tmp_path / "model.onnx"
    onnx.save(content, str(path))
    _, prepared, account = accounted(path)
    assert account["Scaler"] == "folded into MatMul"
    assert (prepared.evaluate(x).argmax(1) == model.predict(x)).all()
    content, model = trained("MLPRegressor", y / 9.0)
    onnx.save(content, str(path))
    _, prepared, _ = accounted(path)
    np.testing.assert_allclose(prepared.evaluate(x)[:, 0], model.predict(x), rtol=1e-3, atol=1e-3)
    check = convert(path, x[:500]).check
    assert (check.agreement, check.warning) == (None, None)


def exported(model, shape, path, *, folded=False):
    """The torch model as an ONNX file that keeps its batch norms, or has them folded."""
    torch = pytest.importorskip("torch")
    known = inspect.signature(torch.onnx.export).parameters
    options = {"dynamo": False} if "dynamo" in known else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model, (torch.zeros(1, *shape),), str(path), input_names=["x"],
            dynamic_axes={"x": {0: "N"}}, do_constant_folding=folded, **options,
            training=getattr(torch.onnx.TrainingMode, "EVAL" if folded else "PRESERVE"),
        )  # fmt: skip
    return path


def optimized(path):
    """The file with its batch norms folded by ONNX's own optimizer, beside it."""
    optimizer = pytest.importorskip("onnxscript.optimizer")
    folded = path.with_name("optimized.onnx")
    onnx.save(optimizer.optimize(onnx.load(str(path))), str(folded))
    return folded


def residual():
    """A small residual network with a concatenation, seeded."""
    torch = pytest.importorskip("torch")
    from torch import nn

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Sequential(nn.Conv2d(3, 6, 3, 1, 1), nn.BatchNorm2d(6), nn.ReLU6())
            self.body = nn.Sequential(
                nn.Conv2d(6, 6, 3, 1, 1), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 6, 3, 1, 1)
            )
            self.norm = nn.BatchNorm2d(6)
            self.wide = nn.Conv2d(12, 8, 3, stride=2)
            self.linear = nn.Linear(8, 4)

        def forward(self, x):
            x = self.stem(x)
            y = (self.body(x) + x).relu()
            x = self.wide(torch.cat([self.norm(y).relu(), x], 1)).relu()
            return torch.log_softmax(self.linear(x.mean((2, 3))), 1)

    torch.manual_seed(0)
    model = Model()
    for each in model.modules():
        if isinstance(each, nn.BatchNorm2d):
            each.running_mean.normal_(0, 0.3)
            each.running_var.uniform_(0.5, 1.5)
            nn.init.normal_(each.bias, 0, 0.3)
    return model.eval()


def integers(network):
    """Every weight, bias and threshold of the network, in order."""
    for layer in network.layers:
        if isinstance(layer, (Spiking, Readout)):
            yield from (synapse.weight for synapse in layer.synapses)
            yield layer.bias
        if isinstance(layer, Spiking):
            yield layer.threshold_base


def same_integers(model, path, x, *, differ=0.0, **options):
    """At most a share `differ` of the weights may, by one; other integers only if that is > 0."""
    found = [convert(each, x, phases=8, base=1.5, **options) for each in (model, path)]
    assert [each.check.warning for each in found] == [None, None]
    one, two = (each.network for each in found)
    count = total = 0
    for mine, theirs in zip(integers(one), integers(two), strict=True):
        apart = np.abs(mine.astype(np.int64) - theirs)
        assert not apart.any() or differ
        if mine.dtype == np.int8:
            assert apart.max() <= 1
            count, total = count + np.count_nonzero(apart), total + apart.size
    assert total > 1000
    assert count <= differ * total


def test_torch_and_onnx_give_the_same_integers(tmp_path):
    x = (np.random.default_rng(0).integers(0, 256, (20, 3, 10, 10)) / 127.5 - 1).astype(np.float32)
    model = residual()
    path = exported(model, (3, 10, 10), tmp_path / "model.onnx")
    graph, _, account = accounted(path)
    assert [node.op for node in graph.nodes].count("batchnorm") == 3
    assert account["/LogSoftmax"] == "dropped (log_softmax keeps the order of classes)"
    same_integers(model, path, x)
    path = optimized(path)
    graph, *_ = accounted(path)
    assert [node.op for node in graph.nodes].count("batchnorm") == 1
    same_integers(model, path, x)
    path = exported(model, (3, 10, 10), tmp_path / "folded.onnx", folded=True)
    graph, *_ = accounted(path)
    assert [node.op for node in graph.nodes].count("batchnorm") == 1
    same_integers(model, path, x, differ=1e-4, **PAPER, rounding="nearest")


def test_the_digits_model_by_either_route(tmp_path):
    """Its ONNX file keeps the batch norms; torch gets the weights back from the file."""
    torch = pytest.importorskip("torch")
    from exporters.frontends.torch.fx import from_torch

    model = runpy.run_path(str(DIGITS / "model.py"))["build"]()
    path = DIGITS / "digits.onnx"
    weights = {
        each.name: torch.tensor(numpy_helper.to_array(each))
        for each in onnx.load(str(path)).graph.initializer
    }
    missing = model.load_state_dict(weights, strict=False).missing_keys
    assert all(each.endswith("num_batches_tracked") for each in missing)
    x = digits()[0][:200].reshape(-1, 1, 8, 8)
    assert (
        from_torch(model.eval(), (1, 8, 8)).node("bn1").attrs == from_onnx(path).node("bn1").attrs
    )
    same_integers(model, path, x)
    kept = tmp_path / "kept.onnx"
    kept.write_bytes(path.read_bytes())
    same_integers(model, optimized(kept), x)
    path = exported(model, (1, 8, 8), tmp_path / "folded.onnx", folded=True)
    same_integers(model, path, x, differ=1e-4, **PAPER, rounding="nearest")
    same_integers(model, path, x, differ=1e-3)  # rounding to the least error passes a flip on
