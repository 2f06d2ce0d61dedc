"""The torch front end: names, outputs, effects, and an untouched model."""

import gc
import weakref

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from exporters import export
from exporters.frontends.read import read
from exporters.frontends.torch.fx import from_torch
from onespike_lava.errors import DataError, UnsupportedError
from tests.exporters.frontends.torch.modules import Function, compared, refusal, shaken


def test_modules_keep_their_names():
    features = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True))
    model = nn.Sequential()
    model.add_module("features", features)
    model.add_module("drop", nn.Dropout2d())
    model.add_module("flat", nn.Flatten())
    model.add_module("fc", nn.Linear(320, 5))
    model.add_module("bn", nn.BatchNorm1d(5))
    assert compared(model) == [
        "input (input)",
        "features.0 (conv)",
        "features.1 (batchnorm)",
        "features.2 (relu)",
        "drop (identity)",
        "flat (flatten)",
        "fc (linear)",
        "bn (batchnorm)",
    ]


def test_outputs_are_chosen():
    def forward(m, x):
        logits = x.mean((2, 3))
        return {"probabilities": F.softmax(logits, 1), "logits": logits, "other": x.erf()}

    def two(m, x):
        return x.relu(), F.gelu(x)

    model = Function(forward)
    graph = from_torch(model, (3, 12, 10), output="logits")
    assert graph.notes["softmax"] == "dropped (softmax keeps the order of classes)"
    assert graph.notes["erf"] == "dropped (not supported; the output does not need it)"
    assert from_torch(model, (3, 12, 10), output="probabilities").output == graph.output
    assert read(Function(two), (3, 12, 10), output="0").output == "relu"
    with pytest.raises(UnsupportedError, match=r"^output: '2' is not one of 0, 1; choose one"):
        from_torch(Function(two), (3, 12, 10), output="2")
    several = Function(lambda m, x: (x.relu(), x))
    assert refusal(several) == (
        "output: 2 of them (0, 1); only one is supported, choose it with output='0', on the "
        "command line --model-output"
    )


class TwoHeads(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.kind, self.place = nn.Linear(6, 8), nn.Linear(8, 3), nn.Linear(8, 5)

    def forward(self, x):
        x = self.body(x).relu()
        return {"kind": self.kind(x), "place": self.place(x)}


def test_one_of_two_heads():
    x = np.random.default_rng(0).integers(0, 256, (40, 6)).astype(np.float32) / 255
    model = TwoHeads().eval()
    for name, outputs in (("kind", 3), ("place", 5)):
        network = export(model, x, output=name)
        assert network.readout.shape == (outputs,)
        with torch.no_grad():
            exact = model(torch.from_numpy(x))[name].numpy()
        scores = network.run(x).scores * network.output_scale
        assert np.corrcoef(scores.ravel(), exact.ravel())[0, 1] > 0.98
    with pytest.raises(UnsupportedError, match=r"choose it with output='kind'"):
        export(model, x)


def test_one_logit_behind_a_sigmoid_becomes_two_scores():
    model = nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 1), nn.Sigmoid())
    x = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)
    graph = from_torch(model, (6,))
    with torch.no_grad():
        expected = model(torch.from_numpy(x)).numpy()[:, 0] > 0.5
    np.testing.assert_array_equal(graph.evaluate(x).argmax(1), expected)
    assert graph.evaluate(x).shape == (40, 2)


def test_functions_and_repeated_modules_get_names_of_their_own():
    def forward(m, x):
        x = F.relu(m.relu(m.conv(x)))
        return m.relu(m.conv(x)).flatten(1)

    model = Function(forward, conv=nn.Conv2d(3, 3, 3, padding=1), relu=nn.ReLU())
    assert compared(model) == [
        "input (input)",
        "conv (conv)",
        "relu (relu)",
        "relu_1 (relu)",
        "conv.2 (conv)",
        "relu.2 (relu)",
        "flatten (flatten)",
    ]


def test_in_place_relu_changes_what_others_read():
    def forward(m, x):
        x = m.conv(x)
        F.relu_(x)
        y = m.other(x)
        return m.relu(y) + y + x

    parts = {"conv": nn.Conv2d(3, 3, 1), "other": nn.Conv2d(3, 3, 1), "relu": nn.ReLU(True)}
    compared(Function(forward, **parts))


def test_what_is_kept_from_call_to_call_is_told():
    class Kept(nn.Module):
        def __init__(self):
            super().__init__()
            self.map, self.kept = nn.Linear(6, 3), None

        def forward(self, x):
            if self.kept is None:
                self.kept = torch.relu(x)
            return self.map(self.kept)

    with pytest.raises(UnsupportedError, match="keeps values of one call for the next"):
        from_torch(Kept(), (6,))


def test_effects_that_tracing_misses_are_found_out():
    def forward(m, x):
        y = m.conv(x)
        z = y.view(-1, 3 * 12 * 10)
        F.relu_(y)  # changes z too
        return z

    message = refusal(Function(forward, conv=nn.Conv2d(3, 3, 1)))
    assert message.startswith("Function: the graph read from it differs from its output by ")
    assert message.endswith(
        "; it has effects that torch.fx does not see, export it with torch.onnx and give the "
        "ONNX file"
    )


def test_parametrised_modules_and_subclasses():
    class Standardised(nn.Conv2d):
        def forward(self, x):
            return F.conv2d(x, self.weight, self.bias, self.stride, self.padding)

    compared(Standardised(3, 4, 3))
    normal = nn.utils.parametrizations.spectral_norm(nn.Linear(6, 4))
    assert compared(nn.Sequential(normal), (6,)) == ["input (input)", "0 (linear)"]


def test_double_precision_and_the_linear_route():
    model = nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2))
    assert len(compared(model, (6,))) == 5
    assert from_torch(model.double(), (6,)).shapes()["3"] == (2,)


def test_the_model_is_not_changed():
    model = shaken(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout()))
    model[3].eval()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    flags = [each.training for each in model.modules()]
    identities = [id(each) for each in (*model.modules(), *model.parameters())]
    state = torch.get_rng_state()
    from_torch(model, (3, 12, 10))
    assert flags == [each.training for each in model.modules()]
    assert identities == [id(each) for each in (*model.modules(), *model.parameters())]
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    assert torch.equal(state, torch.get_rng_state())
    assert all(each.grad is None and each.requires_grad for each in model.parameters())


def test_the_door_checks_shapes_and_kinds():
    assert len(read(nn.Sequential(nn.Linear(3, 2)), [3]).nodes) == 2
    with pytest.raises(UnsupportedError) as error:
        read(3, [3])
    assert str(error.value) == (
        "model: int is not a torch Module or exported program, the path of an ONNX file, or an "
        "exporters.graph.Graph; give one of these"
    )
    graph = from_torch(nn.Linear(3, 2), (3,))
    assert read(graph, [3]) is graph
    with pytest.raises(DataError) as error:
        read(graph, [4])
    assert str(error.value) == (
        "data: shape [N, 4] does not fit [N, 3], which the model takes; give samples as the model "
        "was trained on"
    )


def test_a_read_leaves_no_copy_behind():
    """Of a large model it would be as much again until Python looks for circles."""

    class Kept(nn.Linear):
        copies = ()

        def __deepcopy__(self, memo):
            found = Kept(self.in_features, self.out_features)
            Kept.copies += (weakref.ref(found),)
            return found

    gc.disable()
    try:
        graph = from_torch(nn.Sequential(Kept(6, 2), nn.ReLU()), (6,))
        assert Kept.copies
        assert all(copy() is None for copy in Kept.copies)
        weight = weakref.ref(graph.nodes[1].params["weight"])
        graph.evaluate(np.ones((1, 6), np.float32))
        del graph
        assert weight() is None
    finally:
        gc.enable()
