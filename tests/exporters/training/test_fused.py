"""The fused neurons: spikes and gradients of the plain loop, in every setting and layout."""

import itertools

import pytest

torch = pytest.importorskip("torch")

from exporters.training import fused  # noqa: E402
from exporters.training.neurons import CUBA, IF, LIF, Neuron  # noqa: E402
from exporters.training.surrogates import (  # noqa: E402
    S2NN,
    ATan,
    Rectangle,
    Sigmoid,
    SuperSpike,
)
from tests.exporters.training.plain import gradients, plain  # noqa: E402

SURROGATES = [ATan(), Sigmoid(), SuperSpike.of(1), Rectangle(0.8, 1.5), S2NN()]
SETTINGS = list(itertools.product(("zero", "subtract"), (True, False), (True, False)))


def drawn(*shape, seed=0):
    torch.manual_seed(seed)
    return torch.randn(shape, dtype=torch.float64) + 0.3


@pytest.mark.parametrize(("reset", "detach", "strict"), SETTINGS)
@pytest.mark.parametrize("surrogate", SURROGATES, ids=lambda each: type(each).__name__)
def test_spikes_and_gradients_are_those_of_the_plain_loop(surrogate, reset, detach, strict):
    options = {"reset": reset, "detach": detach, "strict": strict, "surrogate": surrogate}
    x, grad = drawn(6, 3, 5), drawn(6, 3, 5, seed=1)
    amount = {"amount": 1.4} if reset == "subtract" else {}
    for neuron in (
        LIF(0.6, **options, **amount),
        IF(threshold=1.3, **options),
        LIF(0.7, threshold=0.8, **options),
        LIF(0.0, **options),
        CUBA(0.7, 0.4, **options),
        CUBA(0.9, 1.0, **options),
    ):
        out, found = gradients(neuron, x, grad)
        expected, wanted = gradients(lambda x, neuron=neuron: plain(neuron, x), x, grad)
        assert torch.equal(out, expected)
        assert 0 < out.mean() < 1
        torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("reset", "detach", "strict"), SETTINGS)
def test_gradients_of_potentials_at_the_threshold(reset, detach, strict):
    neuron = IF(threshold=0.75, reset=reset, detach=detach, strict=strict)
    x, grad = (4 * drawn(6, 9, 5)).round() / 4, drawn(6, 9, 5, seed=1)
    out, found = gradients(neuron, x, grad)
    expected, wanted = gradients(lambda x: plain(neuron, x), x, grad)
    assert torch.equal(out, expected)
    torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-12)
    neuron.strict = not strict
    assert not torch.equal(gradients(neuron, x, grad)[0], out)


@pytest.mark.parametrize("reset", ["zero", "subtract"])
def test_a_potential_at_the_threshold_fires_unless_the_neuron_is_strict(reset):
    x = torch.tensor([0.5, 0.5, 1.0, 1.0, -1.0, 2.0]).reshape(6, 1)
    fires = IF(reset=reset)(x).flatten().tolist()
    assert fires == [0, 1, 1, 1, 0, 1]
    above = IF(reset=reset, strict=True)(x).flatten().tolist()
    assert above == ([0, 0, 1, 0, 0, 1] if reset == "zero" else [0, 0, 1, 1, 0, 1])


def layouts():
    x = drawn(4, 2, 3, 5, 6)
    yield "plain", x
    last = x.flatten(0, 1).to(memory_format=torch.channels_last).unflatten(0, (4, 2))
    yield "channels last", last
    yield "turned", x.transpose(1, 3)
    yield "every second", x[:, :, :, ::2]
    yield "static", x[0].expand(4, -1, -1, -1, -1)
    yield "one of each", x[:, :1, :1]
    yield "vectors", x[:, 0, 0, 0]


@pytest.mark.parametrize(("name", "x"), layouts(), ids=lambda each: each if each is str else None)
def test_every_layout_gives_the_same(name, x):
    grad = drawn(*x.shape, seed=2)
    for turned in (grad, grad.transpose(0, 1).contiguous().transpose(0, 1)):
        for neuron in (LIF(0.7), CUBA(surrogate=Rectangle(), reset="subtract")):
            x = x.detach().requires_grad_()
            out = neuron(x)
            found = torch.autograd.grad(out, x, turned)[0]
            expected, wanted = gradients(lambda x, neuron=neuron: plain(neuron, x), x, grad)
            assert torch.equal(out, expected)
            torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-12)


def test_channels_last_stays():
    x = torch.randn(8, 3, 4, 5).to(memory_format=torch.channels_last).unflatten(0, (2, 4))
    out = IF()(x.requires_grad_())
    assert out.flatten(0, 1).is_contiguous(memory_format=torch.channels_last)


def test_tiles_change_nothing(monkeypatch):
    x, grad = drawn(5, 7, 11), drawn(5, 7, 11, seed=1)
    neuron = CUBA(0.8, 0.6, detach=False)
    whole = gradients(neuron, x, grad)
    monkeypatch.setattr(fused, "TILE", 10)
    for one, other in zip(whole, gradients(neuron, x, grad), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("detach", [True, False])
def test_no_gradient_gives_the_same_spikes(detach):
    x = drawn(6, 40)
    for neuron in (LIF(0.6, detach=detach), CUBA(surrogate=Rectangle())):
        with_gradient = neuron(x.clone().requires_grad_()).detach()
        assert torch.equal(neuron(x), with_gradient)
        with torch.no_grad():
            assert torch.equal(neuron(x.clone().requires_grad_()), with_gradient)


def kept_bytes(neuron, x):
    kept = []

    def pack(tensor):
        kept.append(tensor.numel() * tensor.element_size())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        neuron(x.requires_grad_())
    return sum(kept)


def test_what_is_kept_for_the_backward_pass():
    """One real number for each value, a byte where the surrogate is flat."""
    x = torch.randn(4, 100)
    assert kept_bytes(LIF(), x) == 4 * x.numel()
    assert kept_bytes(LIF(surrogate=Rectangle()), x) == x.numel()
    assert kept_bytes(LIF(surrogate=Rectangle(), detach=False), x) == 4 * x.numel()
    both = LIF(surrogate=Rectangle(), detach=False, reset="subtract")
    assert kept_bytes(both, x) == x.numel()


def test_nothing_is_kept_between_calls():
    x = drawn(4, 9)
    neuron = Neuron(0.9, 0.5)
    assert torch.equal(neuron(x), neuron(x))


def test_single_precision_and_bfloat16_keep_their_type():
    for kind in (torch.float32, torch.bfloat16):
        x = torch.randn(3, 4, 5, dtype=kind, requires_grad=True)
        out = LIF()(x)
        out.sum().backward()
        assert out.dtype == x.grad.dtype == kind


def test_an_accumulated_filter_is_its_sum():
    e = drawn(5, 4)
    out = e.clone()
    fused.accumulate(out.unbind(), 0.5)
    wanted = [sum(0.5 ** (k - t) * e[k] for k in range(t, 5)) for t in range(5)]
    torch.testing.assert_close(out, torch.stack(wanted))


@pytest.mark.parametrize("width", [0.42, 0.48, 0.12, 1.0])
def test_the_byte_of_a_flat_surrogate_is_that_of_its_derivative(width):
    """A silent neuron just below its threshold learns, whatever the height rounds to."""
    surrogate = Rectangle.of(width)
    neuron = IF(surrogate=surrogate)
    x = torch.full((1, 1), 0.999, requires_grad=True)
    neuron(x).sum().backward()
    assert x.grad.item() == torch.tensor(surrogate.height).item() > 0
