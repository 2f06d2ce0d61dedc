"""Vectors whose features have unlike scales: a grid for each, where one for all loses."""

# ruff: noqa: E402  (imports follow importorskip)

import warnings

import numpy as np
import pytest

datasets = pytest.importorskip("sklearn.datasets")
torch = pytest.importorskip("torch")

from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from exporters import convert, read_nir, write_nir
from exporters.calibration.grid import input_grid
from exporters.passes import prepare
from onespike_lava import netx
from onespike_lava.data.encoding import encode
from onespike_lava.errors import OneSpikeWarning
from onespike_lava.layers import Input
from onespike_lava.loihi import fit


def split(name):
    """Samples and labels of a data set of scikit-learn: two thirds to train on, the rest."""
    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    x, y = x[order].astype(np.float32), y[order]
    last = 2 * len(x) // 3
    return x[:last], y[:last], x[last:], y[last:]


def trained(x, y, *before):
    model = make_pipeline(*before, MLPClassifier((32, 16), max_iter=600, random_state=0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the perceptron need not converge
        return model.fit(x, y)


def as_torch(model, *first):
    """The perceptron of a pipeline as a torch module behind other ones."""
    layers = []
    for weight, bias in zip(model[-1].coefs_, model[-1].intercepts_, strict=True):
        linear = nn.Linear(*weight.shape)
        linear.weight.data = torch.tensor(weight.T, dtype=torch.float32)
        linear.bias.data = torch.tensor(bias, dtype=torch.float32)
        layers += [linear, nn.ReLU()]
    return nn.Sequential(*first, *layers[:-1]).eval()


@pytest.fixture(scope="module")
def wine():
    x, y, _, _ = split("wine")
    return trained(x, y, StandardScaler())


class Scaled(nn.Module):
    """Samples as a StandardScaler scales them, in one of the forms that people write."""

    def __init__(self, scaler, form):
        super().__init__()
        self.form = form
        self.register_buffer("mean", torch.tensor(scaler.mean_, dtype=torch.float32))
        self.register_buffer("scale", torch.tensor(scaler.scale_, dtype=torch.float32))

    def forward(self, x):
        if self.form == "sub, div":
            return (x - self.mean) / self.scale
        return x * (1 / self.scale) + (-self.mean / self.scale)


def batch_norm(scaler):
    norm = nn.BatchNorm1d(len(scaler.mean_), eps=0.0)
    norm.running_mean = torch.tensor(scaler.mean_, dtype=torch.float32)
    norm.running_var = torch.tensor(scaler.scale_**2, dtype=torch.float32)
    return norm


@pytest.mark.parametrize("name", ["wine", "breast_cancer", "digits"])
def test_a_scaler_of_scikit_learn(name, tmp_path):
    """One grid for all features took 97.2 % of the wines to 66.7 %."""
    skl2onnx = pytest.importorskip("skl2onnx")
    x, y, later, labels = split(name)
    model = trained(x, y, StandardScaler())
    path = tmp_path / "model.onnx"
    path.write_bytes(skl2onnx.to_onnx(model, x[:1]).SerializeToString())
    found = convert(path, x)
    network = found.network
    assert network.input.step.shape == (x.shape[1],)
    logits = found.source.evaluate(later)
    classes = logits.argmax(1) if logits.shape[1] > 1 else (logits[:, 0] > 0).astype(int)
    assert (classes == model.predict(later)).all()
    assert (network.predict(later) == classes).mean() > 0.98
    assert (network.predict(later) == labels).mean() > model.score(later, labels) - 0.02
    error = network.run(later).scores * network.output_scale - logits
    assert (error**2).mean() < 0.02 * logits.var()


@pytest.mark.parametrize("form", ["batch norm", "sub, div", "mul, add"])
def test_affine_maps_behind_the_input_are_folded(wine, form):
    x, _, later, _ = split("wine")
    first = batch_norm(wine[0]) if form == "batch norm" else Scaled(wine[0], form)
    found = convert(as_torch(wine, first), x)
    prepared, _ = prepare(found.source)
    assert [node.op for node in prepared.nodes][:2] == ["input", "linear"]
    with torch.no_grad():
        exact = as_torch(wine, first)(torch.from_numpy(later)).numpy()
    error = prepared.evaluate(later) - exact
    assert np.abs(error).max() < 1e-4 * np.abs(exact).max()
    assert found.network.input.low.shape == (13,)
    assert (found.network.predict(later) == wine.predict(later)).mean() > 0.98


def test_all_that_takes_a_network_takes_a_grid_per_feature(wine, tmp_path):
    x, _, later, _ = split("wine")
    for options in ({}, {"weighting": "membrane"}, {"input_coding": "single"}, {"input_bits": 5}):
        network = convert(as_torch(wine, batch_norm(wine[0])), x, **options).network
        assert network.input.step.shape == (13,)
        expected = network.run(later, "reference", record=True)
        for engine in ("numpy", "numba"):
            found = network.run(later, engine, record=True)
            assert (found.scores == expected.scores).all()
            assert found.clipped == expected.clipped
            assert all((found.codes[name] == expected.codes[name]).all() for name in found.codes)
        netx.save(network, tmp_path / "wine.net")
        assert netx.load(tmp_path / "wine.net").layers == network.layers


def test_features_of_like_scales_share_a_grid():
    """8-bit pixels as vectors, raw or normalised, and iris keep their integers."""
    x, y, _, _ = split("digits")
    plain = trained(x, y)
    assert convert(as_torch(plain), x).network.input.step.tolist() == [1.0]
    network = convert(as_torch(plain), x / 16).network
    assert network.input.step.tolist() == [0.0625]
    x, y, _, _ = split("iris")
    assert convert(as_torch(trained(x, y, StandardScaler())), x).network.input.step.shape == (1,)


def test_a_feature_that_never_varies_costs_the_others_nothing(wine):
    x, _, later, _ = split("wine")
    more, later = (np.insert(part, 4, 70000.0, axis=1) for part in (x, later))
    scaler = StandardScaler().fit(more)
    model = as_torch(wine, batch_norm(scaler))
    weight = model[1].weight.data
    model[1] = nn.Linear(14, 32)
    wide = np.insert(weight.numpy(), 4, 0.3, axis=1)
    model[1].weight.data, model[1].bias.data = torch.tensor(wide), as_torch(wine)[0].bias.data
    network = convert(model, more).network
    assert (network.predict(later) == wine.predict(np.delete(later, 4, axis=1))).mean() > 0.98


def test_features_keep_their_lattice_and_room_for_later_values():
    rng = np.random.default_rng(0)
    x = np.stack([rng.integers(0, 2, 200), rng.integers(60, 160, 200), rng.normal(0, 1e-3, 200)], 1)
    scales = np.array([[2.0, 0.02, 1e3]])
    low, step = input_grid(x, 8, None, [scales])
    coded = encode(Input("x", (3,), 8, low, step), x[:, :])
    assert coded.clipped == 0
    whole = (x[:, :2] - low[:2]) / step[:2]
    np.testing.assert_allclose(whole, np.rint(whole), atol=1e-9)
    high = low + 255 * step
    assert low[2] < x[:, 2].min() - 0.1 * np.ptp(x[:, 2])
    assert high[2] > x[:, 2].max() + 0.1 * np.ptp(x[:, 2])


def test_the_single_grid_stays_without_layers_that_read_it():
    x = np.random.default_rng(0).normal(size=(50, 3)) * [1, 100, 1e4]
    low, step = input_grid(x, 8, None)
    assert low.shape == step.shape == (1,)


def test_nir_and_loihi_take_a_grid_per_feature(wine, tmp_path):
    pytest.importorskip("nir")
    x, _, later, _ = split("wine")
    network = convert(as_torch(wine, batch_norm(wine[0])), x).network
    write_nir(network, tmp_path / "wine.nir")
    again = read_nir(tmp_path / "wine.nir")
    assert (again.run(later).scores == network.run(later).scores).all()
    assert fit(network)


def test_values_outside_the_grids_of_features_are_told(wine):
    x, _, later, _ = split("wine")
    network = convert(as_torch(wine, batch_norm(wine[0])), x).network
    with warnings.catch_warnings():
        warnings.simplefilter("error", OneSpikeWarning)
        network.run(later)
        network.run(later[:1])
    with pytest.warns(OneSpikeWarning, match=r"outside the features' input grids \(.* in all\)"):
        network.run((later - x.mean(0)) / x.std(0))
