"""What is refused of a torch model, by name."""

import pytest

pytest.importorskip("torch")

import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from tests.exporters.frontends.torch.modules import Function, refusal


def test_all_unsupported_parts_are_named_at_once():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ELU(), nn.GroupNorm(2, 4), nn.Flatten())
    second = Function(lambda m, x: torch.sigmoid(m.net(x)) + F.gelu(x), net=model)
    assert refusal(second) == (
        "net.1 (ELU): not supported; use ReLU and train again: it bends, ReLUs do not; net.2 "
        "(GroupNorm): not supported; use batch norm; gelu (gelu): not supported; use ReLU and "
        "train again: it bends, ReLUs do not; `onespike operators` lists what is supported"
    )


@pytest.mark.parametrize(
    ("forward", "reason"),
    [
        (lambda m, x: F.dropout(x), "dropout (dropout): stays active at inference; pass "
         "training=self.training"),
        (lambda m, x: x.view(1, -1), "view (view): reshape of [N, 3, 12, 10] to [1, -1]; the "
         "batch must stay alone in front, with 360 values after it"),
        (lambda m, x: x.view(x.size(0) * 2, -1), "mul (mul): computes with the batch size; use -1 "
         "or size(0) as it is"),
        (lambda m, x: x.flatten(0), "flatten (flatten): flattens dimensions 0 to -1; only from 1 "
         "or 2 to -1"),
        (lambda m, x: m.pool(x)[0], "pool (MaxPool2d): "
         "return_indices=True gives a second output; use False"),
        (lambda m, x: F.avg_pool2d(x, 4, 3, 1, ceil_mode=True), "avg_pool2d (avg_pool2d): "
         "ceil_mode adds windows at the border; use ceil_mode=False"),
        (lambda m, x: F.adaptive_max_pool2d(x, 5), "adaptive_max_pool2d (adaptive_max_pool2d): "
         "[5, 5] of [12, 10] rows and columns takes windows of several sizes; choose a size that "
         "divides them evenly, or an average pool"),
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
        (lambda m, x: x.permute(1, 0, 2, 3), "permute (permute): axes [1, 0, 2, 3] of "
         "[N, 3, 12, 10]; the batch must stay in front"),
        (lambda m, x: torch.cat([x, x], 0), "cat (cat): along dimension 0; only along those after "
         "the batch"),
        (lambda m, x: F.threshold(x, 1.0, 0.0), "_threshold (_threshold): "
         "jumps to 0.0 at 1.0; only equal numbers make a ReLU"),
        (lambda m, x: F.pad(x, (1, 1), "reflect"), "pad (pad): pads with mode 'reflect', value "
         "None; only zeros are supported"),
        (lambda m, x: F.pad(x, (1, 1), value=1.0), "pad (pad): pads with mode 'constant', value "
         "1.0; only zeros are supported"),
        (lambda m, x: F.pad(x, (-1, 1)), "pad (pad): negative padding; slice instead"),
        (lambda m, x: x[0], "getitem (getitem): index [0, :, :, :]; only what keeps the batch is "
         "supported"),
        (lambda m, x: x.mean((0, 1)), "mean (mean): over dimensions [0, 1] of [N, 3, 12, 10]; "
         "keep the batch and one dimension"),
        (lambda m, x: F.softmax(x, 2), "softmax (softmax): along axis 2; only along 1, the "
         "classes"),
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


def test_several_inputs_whose_channels_nothing_tells_are_refused():
    class Two(nn.Module):
        def forward(self, x, y):
            return x + y

    reason = (
        "one of 2 inputs, whose channels of 3 its reader does not tell; wrap the module in one "
        "that takes all as channels of one tensor"
    )
    assert refusal(Two()) == (
        f"x, y (argument of forward): {reason}; `onespike operators` lists what is supported"
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
