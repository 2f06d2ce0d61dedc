"""Torch models as people have them: wrapped, scripted, quantised, with further arguments."""

# ruff: noqa: E402  (imports follow importorskip)

import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: N812
from torch import nn

from exporters.frontends.read import read
from exporters.frontends.refusals import HINTS, TEXT, line, shortened
from exporters.frontends.torch.fx import from_torch
from exporters.frontends.torch.table import MODULES
from exporters.passes import prepare
from onespike_lava.errors import UnsupportedError
from tests.exporters.frontends.torch.modules import Function, refusal

LIST = "; `onespike operators` lists what is supported"
QUANTISED = (
    "quantised, or prepared for it; give the float model, from before torch.ao.quantization "
    "changed it"
)


def plain():
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3)).eval()


def averaged(model):
    return torch.optim.swa_utils.AveragedModel(model)


WRAPPERS = {
    "DataParallel": nn.DataParallel,
    "AveragedModel": averaged,
    "torch.compile": torch.compile,
    "both": lambda model: averaged(nn.DataParallel(model)),
}


@pytest.mark.parametrize("name", WRAPPERS)
def test_wrappers_are_read_as_what_they_hold(name):
    model = plain()
    wrapped = WRAPPERS[name](model)
    graph = from_torch(wrapped, (4,))
    assert graph.digest() == from_torch(model, (4,)).digest()
    inner = nn.Sequential(WRAPPERS[name](plain()), nn.ReLU(), nn.Linear(3, 2)).eval()
    graph = from_torch(inner, (4,))
    assert [each.name for each in graph.nodes] == ["input", "0.0", "0.1", "0.2", "1", "2"]
    assert isinstance(inner[0], type(WRAPPERS[name](plain())))  # the caller's own is left alone
    x = torch.randn(5, 4)
    bare = nn.Sequential(plain(), *inner[1:])
    np.testing.assert_allclose(graph.evaluate(x.numpy()), bare(x).detach(), atol=1e-5)


def test_hooks_of_a_wrapper_are_refused_as_all_hooks():
    wrapped = nn.DataParallel(plain())
    wrapped.register_forward_hook(lambda module, x, y: 2 * y)
    assert refusal(wrapped, (4,)).startswith("the model (DataParallel): 1 forward hooks; what")


def test_a_wrapper_under_two_names_is_read_under_both():
    shared = nn.DataParallel(nn.Linear(4, 4))
    model = nn.Sequential(shared, nn.ReLU(), shared).eval()
    x = torch.randn(5, 4)
    bare = nn.Sequential(shared.module, nn.ReLU(), shared.module)
    found = from_torch(model, (4,)).evaluate(x.numpy())
    np.testing.assert_allclose(found, bare(x).detach(), atol=1e-5)


def test_a_model_compiled_in_place_is_read():
    model = plain()
    model.compile()
    assert from_torch(model, (4,)).digest() == from_torch(plain(), (4,)).digest()


def test_scripted_modules_are_refused():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scripted = torch.jit.script(plain())
        traced = torch.jit.trace(plain(), torch.zeros(1, 4))
    reason = "a scripted module cannot be traced; give the module that it was made of"
    assert refusal(scripted, (4,)) == f"model (torch.jit): {reason}"
    assert refusal(nn.Sequential(nn.Linear(4, 4), traced), (4,)) == f"1 (torch.jit): {reason}"


def test_quantised_models_are_refused():
    from torch.ao import quantization

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        training = plain().train()
        training.qconfig = quantization.get_default_qat_qconfig("fbgemm")
        training = quantization.prepare_qat(training)
        dynamic = quantization.quantize_dynamic(plain(), {nn.Linear}, dtype=torch.qint8)
        stubs = nn.Sequential(quantization.QuantStub(), *plain(), quantization.DeQuantStub())
        assert len(from_torch(stubs, (4,)).nodes) == 4  # still a float model
        stubs.qconfig = quantization.get_default_qconfig("fbgemm")
        observed = quantization.prepare(stubs.eval())
        observed(torch.randn(9, 4))
        static = quantization.convert(observed)
    assert refusal(dynamic, (4,)) == f"0 (Linear), 2 (Linear): {QUANTISED}"
    assert refusal(training, (4,)).endswith(f": {QUANTISED}")
    assert refusal(training, (4,)).startswith("0 (Linear), ")
    assert refusal(observed, (4,)).endswith(f": {QUANTISED}")
    assert refusal(static, (4,)).startswith("0 (Quantize), 1 (Linear), 3 (Linear)")


class Flag(nn.Module):
    """Computes another thing where its flag is set."""

    def __init__(self, default=False):
        super().__init__()
        self.linear = nn.Linear(4, 3)

    def forward(self, x, flag=False, mask=None, *more, scale=2.0, **rest):
        found = self.linear(x)
        if flag or mask is not None or more or rest:
            return found - 1
        return found * scale


class Raised(Flag):
    def forward(self, x, flag=True):
        return super().forward(x, flag)


@pytest.mark.parametrize("kind", [Flag, Raised])
def test_further_arguments_keep_their_defaults(kind):
    model, x = kind(), torch.randn(5, 4)
    graph = from_torch(model, (4,))
    np.testing.assert_allclose(graph.evaluate(x.numpy()), model(x).detach(), atol=1e-5)
    assert type(model) is kind


def test_an_argument_without_a_default_is_an_input():
    class Two(nn.Module):
        def forward(self, x, mask, scale=1.0):
            return x * scale + mask

    x = torch.randn(5, 4)
    found = from_torch(Two(), (4,)).evaluate(x.numpy())
    np.testing.assert_allclose(found, x[:, :2] + x[:, 2:], atol=1e-6)
    assert refusal(Two(), (3,)) == (
        "x, mask (argument of forward): one of 2 inputs, whose channels of 3 its reader does not "
        "tell; wrap the module in one that takes all as channels of one tensor"
        f"{LIST}"
    )


def test_all_refused_nodes_are_named_at_once():
    model = nn.Sequential(
        *(nn.Linear(4, 4), nn.GELU(), nn.LayerNorm(4), nn.GELU(), nn.Linear(4, 4), nn.Softmax(1))
    )
    second = Function(lambda m, x: torch.einsum("ab->ab", m.net(x).view(x.size(0), -1)), net=model)
    assert refusal(second, (4,)) == (
        "net.1, net.3 (GELU): not supported; use ReLU and train again: it bends, ReLUs do not; "
        "net.2 (LayerNorm): not supported; use batch norm; einsum (einsum): not "
        f"supported; use Linear or Conv2d layers{LIST}"
    )


def test_sizes_of_a_refused_value_are_no_nodes_of_their_own():
    second = Function(
        lambda m, x: m.act(x).view(m.act(x).size(0), m.act(x).shape[1] // 1), act=nn.GELU()
    )
    assert refusal(second, (4,)).count("not supported") == 1


@pytest.mark.parametrize(
    ("forward", "reason"),
    [
        (lambda m, x: x * x.size(0), "mul (mul): computes with the batch size; use -1 or size(0) "
         "as it is"),
        (lambda m, x: F.pad(x, (x.size(0), 0)), "pad (pad): computes with the batch size; use -1 "
         "or size(0) as it is"),
        (lambda m, x: x.size(0), "output (the batch size): return tensors only"),
        (lambda m, x: torch.clamp(x, min=x), "clamp (clamp): clips to (input, None); give a "
         "lower and a higher number"),
        (lambda m, x: x.mean(x), "mean (mean): called in a form that is not supported "
         "(unsupported operand type(s) for %: a value of the network and 'int')"),
        (lambda m, x: x[:, x, None], "getitem (getitem): index input; only whole numbers "
         "along one axis are supported"),
    ],
)  # fmt: skip
def test_no_name_of_this_package_is_in_a_reason(forward, reason):
    assert refusal(Function(forward), (4,)) == reason + LIST


def test_errors_of_libraries_are_told_in_words():
    error = TypeError(
        "zeros(): found element of type exporters.frontends.builder.Batch at pos 0.\nmore"
    )
    assert line(error) == "zeros(): found element of type the batch size at pos 0"
    error = ValueError("expect a string: <class 'exporters.graph.builder.Ref'>")
    assert line(error) == "expect a string: a value of the network"
    assert len(line(ValueError("x" * 500))) == TEXT
    assert line(ValueError()) == "ValueError"


def test_a_reason_has_200_characters_at_most_and_keeps_its_way_out():
    assert shortened("too wide; use less") == "too wide; use less"
    assert shortened("x" * 300 + "; use less") == "x" * 187 + "...; use less"
    assert shortened("x" * 300) == "x" * 197 + "..."
    wide = Function(lambda m, x: x.view(*[1] * 300))
    reason = refusal(wide, (4,)).partition(": ")[2].removesuffix(LIST)
    assert len(reason) == 200
    assert reason.endswith("the batch must stay alone in front, with 4 values after it")


@pytest.mark.parametrize("operator", sorted(HINTS))
def test_what_a_hint_names_is_supported(operator):
    words = HINTS[operator].replace(",", " ").split()
    named = [word for word in words if hasattr(nn, word)]
    assert {getattr(nn, word) for word in named} <= set(MODULES)


@pytest.mark.parametrize(
    "end",
    [
        lambda x: x.squeeze(-1),
        lambda x: x.squeeze(),
        lambda x: x.view(-1),
        lambda x: x.flatten(),
        lambda x: x.reshape(x.size(0)),
        lambda x: torch.sigmoid(x.squeeze(1)),
    ],
)
def test_one_logit_per_sample_may_lose_its_axis(end):
    head = nn.Linear(4, 1)
    graph = from_torch(Function(lambda m, x: end(m.head(x)), head=head), (4,))
    x = torch.randn(5, 4)
    found = graph.evaluate(x.numpy())
    np.testing.assert_allclose(found[:, -1], head(x).detach().reshape(-1), atol=1e-5)


def test_logits_may_be_viewed_otherwise():
    head = Function(lambda m, x: m.head(x).view(-1, 2, 3), head=nn.Linear(4, 6))
    x = torch.randn(5, 4)
    prepared, _ = prepare(from_torch(head, (4,)))
    np.testing.assert_allclose(
        prepared.evaluate(x.numpy()).reshape(5, 2, 3), head(x).detach(), atol=1e-5
    )


def test_a_spec_is_no_model_of_the_python_call():
    with pytest.raises(UnsupportedError) as error:
        read("package.module:make", (4,))
    assert str(error.value) == (
        "package.module:make: not the name of an ONNX file; give a path that ends in .onnx, or a "
        "torch Module itself, such as exporters.frontends.torch.factory.load_factory returns"
    )
