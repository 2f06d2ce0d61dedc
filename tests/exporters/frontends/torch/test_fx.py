"""The torch front end: what torch computes, names, refusals, and an untouched model."""

# ruff: noqa: E402, N812  (imports follow importorskip)

import copy

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F
from torch import nn

from exporters import export
from exporters.frontends.read import read
from exporters.frontends.torch.fx import from_torch
from onespike_lava.errors import DataError, UnsupportedError


def shaken(module):
    """Batch norms with statistics that do something; the module stays in training mode."""
    torch.manual_seed(3)
    for each in module.modules():
        if isinstance(each, (nn.BatchNorm1d, nn.BatchNorm2d)) and each.running_mean is not None:
            each.running_mean.normal_()
            each.running_var.uniform_(0.5, 2.0)
            if each.affine:
                nn.init.normal_(each.weight)
                nn.init.normal_(each.bias)
    return module


def compared(module, shape=(3, 12, 10)):
    """The graph, after its result was compared with torch's own."""
    module = shaken(module)
    graph = from_torch(module, shape)
    x = np.random.default_rng(0).normal(size=(4, *shape)).astype(np.float32)
    reference = copy.deepcopy(module).eval()
    with torch.no_grad():
        expected = reference(torch.from_numpy(x)).numpy()
    found = graph.evaluate(x)
    if graph.notes and "softmax" in str(graph.notes):  # the graph ends at the logits
        np.testing.assert_array_equal(found.argmax(1), expected.argmax(1))
        return [str(node) for node in graph.nodes]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())
    return [str(node) for node in graph.nodes]


class Function(nn.Module):
    """A module whose forward is the given function of (module, x)."""

    def __init__(self, forward, **parts):
        super().__init__()
        self.function = forward
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x):
        return self.function(self, x)


def refusal(module, shape=(3, 12, 10)):
    with pytest.raises(UnsupportedError) as error:
        from_torch(module, shape)
    return str(error.value)


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


@pytest.mark.parametrize(
    "module",
    [
        nn.Conv2d(3, 6, (3, 2), stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=3),
        nn.Conv2d(3, 6, (4, 3), padding="same", bias=False),
        nn.Conv2d(3, 6, 3, padding="valid"),
        nn.Conv2d(3, 6, 3, padding_mode="reflect"),
        nn.BatchNorm2d(3, eps=0.1),
        nn.BatchNorm2d(3, affine=False),
        nn.MaxPool2d(3, stride=2, padding=1, dilation=2),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        nn.MaxPool2d((5, 4), (5, 4), (1, 2), ceil_mode=True),
        nn.AvgPool2d((3, 2), padding=1),
        nn.AvgPool2d(3, 2, padding=1, count_include_pad=False),
        nn.AvgPool2d(2, ceil_mode=True),
        nn.AvgPool2d(5, ceil_mode=True),
        nn.AvgPool2d(4, 3, 1, ceil_mode=True, count_include_pad=False),
        nn.AdaptiveAvgPool2d(1),
        nn.AdaptiveAvgPool2d((3, None)),
        nn.AdaptiveMaxPool2d((4, 5)),
        nn.AdaptiveAvgPool2d((11, 9)),
        nn.ReLU6(),
        nn.Hardtanh(0.0, 0.5),
        nn.ZeroPad2d((1, 0, 2, 3)),
        nn.ConstantPad2d(2, 0.0),
        nn.Identity(),
        nn.Dropout(),
    ],
    ids=repr,
)
def test_modules(module):
    compared(module)


@pytest.mark.parametrize(
    "forward",
    [
        lambda m, x: F.relu(x),
        lambda m, x: torch.relu(x),
        lambda m, x: x.relu(),
        lambda m, x: F.max_pool2d(F.relu(x, inplace=True), 3, stride=2),
        lambda m, x: torch.max_pool2d(x, (2, 3)),
        lambda m, x: F.avg_pool2d(x, 2, padding=1),
        lambda m, x: F.adaptive_avg_pool2d(x, (4, 2)),
        lambda m, x: x.mean((2, 3)),
        lambda m, x: torch.mean(x, dim=[-1, -2], keepdim=True),
        lambda m, x: torch.flatten(x, 1),
        lambda m, x: torch.flatten(x, start_dim=1),
        lambda m, x: x.flatten(1),
        lambda m, x: x.view(x.size(0), -1),
        lambda m, x: x.view(-1, 360),
        lambda m, x: x.reshape(x.shape[0], x.shape[1] * 120),
        lambda m, x: x.reshape((x.size()[0], -1)),
        lambda m, x: x.view(x.size(0), 3, 12, -1),
        lambda m, x: F.dropout(x, 0.3, training=m.training),
        lambda m, x: m.conv(x) + F.conv2d(x, m.conv.weight, m.conv.bias, padding=1),
        lambda m, x: torch.add(x, m.conv(x)),
        lambda m, x: x + 0.5,
        lambda m, x: x + m.shift,
        lambda m, x: F.batch_norm(x, m.norm.running_mean, m.norm.running_var, eps=0.2),
        lambda m, x: m.norm(m.norm(x)),
        lambda m, x: x.contiguous().clone(),
        lambda m, x: F.relu6(x),
        lambda m, x: F.hardtanh(x, 0, 0.7),
        lambda m, x: torch.clamp(x, min=0, max=0.7),
        lambda m, x: x.clamp(0),
        lambda m, x: x.clip(min=0),
        lambda m, x: torch.cat([x, m.conv(x), x], dim=1),
        lambda m, x: torch.cat((x.mean((2, 3)), torch.amax(x, (-2, -1))), -1),
        lambda m, x: F.pad(x, (1, 0, 2, 1)),
        lambda m, x: F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 1, 2), "constant", 0),
        lambda m, x: x[:, 1:, 2:-3, 1::3],
        lambda m, x: x[..., 1:4],
        lambda m, x: torch.cat([torch.chunk(x, 2, 1)[1], x.chunk(2, 1)[0]], 1),
        lambda m, x: x.split([1, 2], 1)[1],
        lambda m, x: x - m.conv(x),
        lambda m, x: torch.add(x, m.conv(x), alpha=2),
        lambda m, x: 3 - x * 0.5 / m.shift,
        lambda m, x: sum([x, m.conv(x), x]),
        lambda m, x: -x,
        lambda m, x: x + 0,
        lambda m, x: x.flatten(2).mean(-1),
        lambda m, x: x.view(x.size(0), x.size(1), -1).amax(2),
        lambda m, x: x.mean(3).mean(2),
        lambda m, x: F.adaptive_avg_pool2d(x, 1).squeeze(-1).squeeze(-1),
        lambda m, x: x.mean((2, 3), keepdim=True).squeeze(),
        lambda m, x: F.softmax(x.flatten(1), dim=1),
        lambda m, x: torch.log(F.softmax(x.mean((2, 3)), -1)),
        lambda m, x: F.log_softmax(x.mean((2, 3)), dim=1),
    ],
)
def test_functional_forms(forward):
    parts = {"conv": nn.Conv2d(3, 3, 3, padding=1), "norm": nn.BatchNorm2d(3)}
    parts["shift"] = nn.Parameter(torch.tensor([1.0, -2.0, 3.0]).reshape(3, 1, 1))
    compared(Function(forward, **parts))


@pytest.mark.parametrize(
    "module",
    [
        nn.Conv1d(3, 6, 3, stride=2, padding=1, dilation=2, groups=3),
        nn.Sequential(nn.Conv1d(3, 4, 2, padding="same"), nn.BatchNorm1d(4), nn.ReLU()),
        nn.Sequential(nn.Conv1d(3, 4, 1), nn.MaxPool1d(3, 2, padding=1, ceil_mode=True)),
        nn.Sequential(nn.Conv1d(3, 4, 1), nn.AvgPool1d(2), nn.Flatten(), nn.Linear(20, 2)),
        nn.Sequential(nn.Conv1d(3, 4, 1), nn.AdaptiveAvgPool1d(5), nn.ConstantPad1d(1, 0.0)),
        nn.Sequential(nn.AdaptiveMaxPool1d(1), nn.Flatten()),
        Function(lambda m, x: m.conv(x)[:, :, 1::2].mean(2), conv=nn.Conv1d(3, 4, 3)),
        Function(lambda m, x: m.conv(x).squeeze(2), conv=nn.Conv1d(3, 4, 10)),
        Function(lambda m, x: F.max_pool1d(x, 2).mean(-1)),
    ],
    ids=repr,
)
def test_one_dimensional_networks_take_one_row(module):
    module = shaken(module).eval()
    x = np.random.default_rng(0).normal(size=(4, 3, 1, 10)).astype(np.float32)
    with torch.no_grad():
        expected = module(torch.from_numpy(x[:, :, 0])).numpy()
    for shape in ((3, 1, 10), (3, 10)):
        graph = from_torch(module, shape)
        assert graph.shapes()["input"] == (3, 1, 10)
        found = graph.evaluate(x).reshape(expected.shape)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    with pytest.raises(DataError, match=r"which the model takes; give x\[:, :, None\]$"):
        read(module, (3, 10))


def test_outputs_are_chosen():
    def forward(m, x):
        logits = x.mean((2, 3))
        return {"probabilities": F.softmax(logits, 1), "logits": logits, "other": x.sigmoid()}

    def two(m, x):
        return x.relu(), F.gelu(x)

    model = Function(forward)
    graph = from_torch(model, (3, 12, 10), output="logits")
    assert graph.notes["softmax"] == "dropped (softmax keeps the order of classes)"
    assert graph.notes["sigmoid"] == "dropped (not supported; the output does not need it)"
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


def test_all_unsupported_parts_are_named_at_once():
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.LeakyReLU(), nn.ConvTranspose2d(4, 4, 2), nn.Flatten()
    )
    second = Function(lambda m, x: torch.sigmoid(m.net(x)) + F.gelu(x), net=model)
    assert refusal(second) == (
        "net.1 (LeakyReLU): not supported; use ReLU and train again: spikes carry no negative "
        "values; net.2 (ConvTranspose2d): not supported; nothing here enlarges planes; keep their "
        "size with Conv2d of stride 1 and padding; gelu (gelu): not supported; use ReLU and train "
        "again: spikes carry no negative values; `onespike operators` lists what is supported"
    )


@pytest.mark.parametrize(
    ("forward", "reason"),
    [
        (lambda m, x: F.dropout(x), "dropout (dropout): stays active at inference; pass "
         "training=self.training"),
        (lambda m, x: x.view(1, -1), "view (view): reshape of [N, 3, 12, 10] to [1, -1]; only "
         "flattening to [N, 360], or of the planes of [N, C, H, W] to [N, C, L], is supported"),
        (lambda m, x: x.view(x.size(0), 12, 3, 10), "view (view): reshape of [N, 3, 12, 10] to "
         "[N, 12, 3, 10]; only flattening to [N, 360], or of the planes of [N, C, H, W] to "
         "[N, C, L], is supported"),
        (lambda m, x: x.view(x.size(0) * 2, -1), "mul (mul): computes with the batch size; use -1 "
         "or size(0) as it is"),
        (lambda m, x: x.flatten(0), "flatten (flatten): flattens dimensions 0 to -1; only from 1 "
         "or 2 to -1"),
        (lambda m, x: m.linear(x), "linear (Linear): input [N, 3, 12, 10]; only [N, F] is "
         "supported, flatten it before"),
        (lambda m, x: m.pool(x)[0], "pool (MaxPool2d): "
         "return_indices=True gives a second output; use False"),
        (lambda m, x: F.avg_pool2d(x, 4, 3, 1, ceil_mode=True), "avg_pool2d (avg_pool2d): "
         "ceil_mode adds windows at the border; use ceil_mode=False"),
        (lambda m, x: F.adaptive_avg_pool2d(x, 5), "adaptive_avg_pool2d (adaptive_avg_pool2d): "
         "[5, 5] of [12, 10] rows and columns takes windows of several sizes; choose a size that "
         "divides them evenly"),
        (lambda m, x: m.reflect(x), "reflect (Conv2d): padding_mode='reflect'; only 'zeros' is "
         "supported"),
        (lambda m, x: m.batch(x), "batch (BatchNorm2d): uses the statistics of each batch; track "
         "running statistics"),
        (lambda m, x: m.wide(x[:, :, 1:]), "wide (Conv2d): input [3, 11, 10] does not fit weight "
         "[2, 4, 1, 1] of 1 groups"),
        (lambda m, x: (3, x), "output (int): return tensors only"),
        (lambda m, x: x + m.plane, "add (add): constant of shape [12, 10] beside [N, 3, 12, 10]; "
         "only one value, or one per channel, is supported"),
        (lambda m, x: x * x, "mul (mul): multiplies two values of the network; that is not linear"),
        (lambda m, x: x.permute(0, 2, 3, 1), "permute (permute): not supported; keep the "
         "channel-first order of elements, export it so"),
        (lambda m, x: torch.cat([x, x], 2), "cat (cat): along dimension 2; only along 1, channels "
         "or features"),
        (lambda m, x: F.hardtanh(x), "hardtanh (hardtanh): clips to (-1.0, 1.0); only (0, c) with "
         "a positive c is supported"),
        (lambda m, x: F.pad(x, (1, 1), "reflect"), "pad (pad): pads with mode 'reflect', value "
         "None; only zeros are supported"),
        (lambda m, x: F.pad(x, (1, 1), value=1.0), "pad (pad): pads with mode 'constant', value "
         "1.0; only zeros are supported"),
        (lambda m, x: F.pad(x, (-1, 1)), "pad (pad): negative padding; slice instead"),
        (lambda m, x: x[:, 0], "getitem (getitem): index [:, 0, :, :]; only slices "
         "that keep the batch are supported"),
        (lambda m, x: x.mean(1), "mean (mean): over dimensions [1] of [N, 3, 12, 10]; only over "
         "(2, 3) of [N, C, H, W] or 2 of [N, C, L]"),
        (lambda m, x: F.softmax(x, 1), "softmax (softmax): is applied to [N, 3, 12, 10]; only "
         "behind logits [N, F] is softmax left out"),
        (lambda m, x: m.linear(F.softmax(x.mean((2, 3)), 1)), "linear (Linear): reads a softmax, "
         "which only the end of a network may be; move it"),
        (lambda m, x: x / x, "truediv (truediv): divides by a value of the network; that is not "
         "linear"),
    ],
)  # fmt: skip
def test_refusals(forward, reason):
    parts = {
        "linear": nn.Linear(10, 2),
        "reflect": nn.Conv2d(3, 2, 3, padding=1, padding_mode="reflect"),
        "batch": nn.BatchNorm2d(3, track_running_stats=False),
        "wide": nn.Conv2d(4, 2, 1),
        "pool": nn.MaxPool2d(2, return_indices=True),
        "plane": nn.Parameter(torch.ones(12, 10)),
    }
    assert (
        refusal(Function(forward, **parts))
        == f"{reason}; `onespike operators` lists what is supported"
    )


def test_a_second_input_is_refused():
    class Two(nn.Module):
        def forward(self, x, y):
            return x + y

    assert refusal(Two()) == (
        "y (argument of forward): a second input; only one is supported, give the argument a "
        "default, or wrap the module in one that takes both as channels of one tensor; "
        "`onespike operators` lists what is supported"
    )


def test_hooks_are_refused():
    model = nn.Sequential(nn.Linear(3, 3), nn.ReLU())
    model[0].register_forward_hook(lambda module, x, y: 2 * y)
    model.register_forward_pre_hook(lambda module, x: x)
    assert refusal(model, (3,)) == (
        "the model (Sequential): 1 forward hooks; 0 (Linear): 1 forward hooks; what hooks do "
        "cannot be read, remove them (handle.remove(), torch.nn.utils.remove_weight_norm, "
        "remove_spectral_norm)"
    )


def test_complex_weights_are_refused():
    model = nn.Linear(3, 2, dtype=torch.complex64)
    assert refusal(model, (3,)).startswith(
        "linear (Linear): weight of type complex64; only real numbers are supported"
    )


def test_control_flow_on_data_is_refused():
    message = refusal(Function(lambda m, x: x if x.sum() > 0 else -x))
    assert message.startswith("Function: torch.fx cannot follow its forward (symbolically traced")
    assert "\n" not in message


def test_the_door_checks_shapes_and_kinds():
    assert len(read(nn.Sequential(nn.Linear(3, 2)), [3]).nodes) == 2
    with pytest.raises(UnsupportedError) as error:
        read(3, [3])
    assert str(error.value) == (
        "model: int is not a torch Module, the path of an ONNX file, or an "
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
