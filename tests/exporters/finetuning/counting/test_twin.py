"""The twin of a network of spike counts: every spike, score and file, bit for bit."""

# ruff: noqa: E402  (imports follow importorskip)

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from exporters.finetuning.counting.twin import Counting, entered
from exporters.finetuning.sums import MOST
from onespike_lava.data.encoding import encode
from onespike_lava.errors import UnsupportedError
from onespike_lava.layers import Firing, Integration, Reset, Timed
from onespike_lava.rules.recurrence import largest_state
from tests.exporters.finetuning.trained import counted, network, samples
from tests.sources import cnn
from tests.stock import drawn


def coded(net, count=20):
    return torch.from_numpy(encode(net.input, samples()[0][:count]).integers)


def trains(twin, x):
    """What each layer sends, and the scores."""
    with torch.no_grad():
        sent = twin.sent({0: entered(x)}, len(twin.parts) - 1)
    return [each.trains for each in sent], sent[-1].counts.flatten(1).numpy()


def same(twin, net):
    """Whether module and engine agree in every spike and score."""
    x = samples()[0][:20]
    run = net.run(x, "reference", record=True)
    found, scores = trains(twin, coded(net))
    equal = np.array_equal(scores, run.scores)
    for layer, own in zip(net.layers[1:-1], found[1:-1], strict=True):
        equal &= np.array_equal(own.numpy().swapaxes(0, 1), run.trains(layer.name))
    return equal


@pytest.mark.parametrize("options", [{}, {"pool": "own"}, {"input_bits": 5}])
def test_it_computes_the_integers_of_a_conversion(options):
    net = counted(**options)
    twin = Counting(net)
    assert same(twin, net)
    assert replace(twin.integers("not"), provenance=()) == replace(net, provenance=())


@pytest.mark.parametrize(("amount", "limit"), [(0.2, 127), (0.2, 7), (5.0, 127)])
def test_moved_weights_stay_whole_and_within_24_bits(amount, limit):
    net = counted()
    twin = Counting(net, limit)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for part in twin.parts[1:]:
            for each in part.sums.parts if hasattr(part, "sums") else ():
                moved = torch.randn(each.share.shape, generator=generator) * amount
                each.share.add_(0.0 if each.fixed else moved)
                each.share.clamp_(-1.0, 1.0)
            if hasattr(part, "sums"):
                moved = torch.randn(part.sums.bias.shape, generator=generator)
                part.sums.bias.add_(moved * amount * 100)
    found = twin.integers("moved")
    assert same(twin, found)
    for layer in found.layers[1:]:
        if isinstance(layer, Timed):
            assert largest_state(found, layer) <= MOST + 2
            weights = [each.weight for each in layer.synapses]
            assert max(np.abs(each).max() for each in weights) <= 127


def test_a_hybrid_layer_has_the_gradient_of_its_relu():
    """That of `relu((W n + b) / h)` at the counts that arrive, though other counts go on."""
    net = counted()
    twin, x = Counting(net), coded(net)
    at = next(at for at, layer in enumerate(net.layers) if at > 1 and isinstance(layer, Timed))
    part = twin.parts[at]
    seen = twin.sent({0: entered(x)}, at - 1)
    counts = [each.counts.detach().requires_grad_() for each in seen]
    own = [replace(each, counts=new) for each, new in zip(seen, counts, strict=True)]
    values, sent = part(own, True)
    pull = torch.randn(sent.counts.shape, generator=torch.Generator().manual_seed(1))
    (sent.counts * pull).sum().backward()
    assert not torch.equal(sent.counts, values)
    found = [each.share.grad.clone() for each in part.sums.parts if not each.fixed]
    found += [part.sums.bias.grad.clone(), *(each.grad for each in counts if each.grad is not None)]

    again = [each.detach().clone().requires_grad_() for each in counts]
    weights, bias = part.sums.whole()
    real = [w.clone().requires_grad_() for w in weights]
    drive = bias.clone().requires_grad_()
    potential = part.sums.summed(real, drive, again)
    relu = torch.relu(potential / part.base.view(-1, 1, 1))
    (relu * pull).sum().backward()
    pairs = zip(part.sums.parts, real, strict=True)
    expected = [w.grad * each.limit for each, w in pairs if not each.fixed]
    expected += [drive.grad.flatten() * part.sums.grain]
    expected += [each.grad for each in again if each.grad is not None]
    assert len(found) == len(expected) >= 3
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_layers_behind_are_the_relus_of_the_source():
    """With no layer that spikes it is the source network, but for rounded weights."""
    net = counted()
    twin, x = Counting(net), samples()[0][:40]
    twin.reach = 0
    with torch.no_grad():
        found = twin(torch.from_numpy(encode(net.input, x).integers)).numpy()
    expected = cnn().evaluate(x)
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.999


def test_other_networks_are_refused():
    with pytest.raises(UnsupportedError, match=r"does not step; give a file .*--code count"):
        Counting(network())
    with pytest.raises(UnsupportedError, match="steps otherwise"):
        Counting(drawn(0, "soft", phases=100))
    net = counted()
    at = next(at for at, layer in enumerate(net.layers) if isinstance(layer, Timed))
    layer = net.layers[at]
    bias = layer.integration.bias
    for change, text in (
        ({"reset": Reset("zero")}, "reset otherwise"),
        ({"firing": Firing(max_spikes=1)}, "reset otherwise"),
        ({"integration": Integration(bias, fraction_bits=1)}, "do not only add up"),
        ({"integration": Integration(bias, drive=bias)}, "biases enter otherwise"),
    ):
        layers = (*net.layers[:at], replace(layer, **change), *net.layers[at + 1 :])
        with pytest.raises(UnsupportedError, match=f"{layer.name}: .*{text}"):
            Counting(replace(net, layers=layers))
