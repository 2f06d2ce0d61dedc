"""SEW ResNet and its rivals: identities at the start, payloads, gradients in depth."""

import pytest

torch = pytest.importorskip("torch")

from exporters.training.neurons import IF, LIF  # noqa: E402
from exporters.training.residual import Block, ResNet  # noqa: E402
from exporters.training.surrogates import ATan  # noqa: E402
from onespike_lava.errors import OptionError  # noqa: E402


def spikes(*shape, seed=0):
    torch.manual_seed(seed)
    return (torch.rand(shape) < 0.3).float()


@pytest.mark.parametrize("kind", ["ADD", "AND", "IAND", "spiking"])
def test_a_zero_initialised_block_is_the_identity(kind):
    x = spikes(4, 3, 5, 6, 6)
    for mode in (True, False):
        block = Block(kind, 5, 5).train(mode)
        assert torch.equal(block(x), x)
    assert not torch.equal(Block(kind, 5, 5, zero=False)(x), x)


def low():
    """A neuron whose surrogate is 0.5 at the threshold."""
    return IF(surrogate=ATan.of(1))


def test_the_identity_lets_the_gradient_through():
    """At the start the gradient of S is that of the output in SEW, a surrogate's in the rival."""
    ratios = {}
    for kind in ("ADD", "IAND", "spiking"):
        x = spikes(4, 3, 5, 6, 6).requires_grad_()
        out = torch.nn.Sequential(*(Block(kind, 5, 5, neuron=low) for _ in range(20)))(x)
        grad = torch.randn_like(out)
        ratios[kind] = (torch.autograd.grad(out, x, grad)[0].norm() / grad.norm()).item()
    assert 0.7 < ratios["ADD"] < 2
    assert 0.7 < ratios["IAND"] < 2
    assert ratios["spiking"] < 1e-3


def test_payloads_grow_by_one_for_each_block():
    x = spikes(4, 2, 3, 4, 4)
    for blocks in (1, 4):
        net = torch.nn.Sequential(
            *(Block("ADD", 3, 3, neuron=lambda: IF(threshold=1e-3)) for _ in range(blocks))
        )
        for block in net:
            block.second[1].bias.data.fill_(1)  # every branch fires in every step
        assert torch.equal(net(x), x + blocks)


@pytest.mark.parametrize("kind", ["ADD", "AND", "IAND", "spiking", "plain"])
def test_blocks_that_change_the_shape(kind):
    out = Block(kind, 3, 6, stride=2, zero=False)(spikes(4, 2, 3, 8, 8))
    assert out.shape == (4, 2, 6, 4, 4)
    assert set(out.unique().tolist()) <= ({0, 1, 2} if kind == "ADD" else {0, 1})


def test_networks_have_as_many_layers_as_they_say():
    for kind, depth in (("ADD", 20), ("plain", 14), ("spiking", 20)):
        net = ResNet(kind, depth, widths=(4, 5, 6), inputs=1, steps=3, neuron=lambda: LIF(0.5))
        layers = [m for m in net.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))]
        short = [m for m in layers if getattr(m, "kernel_size", None) == (1, 1)]
        assert len(layers) - len(short) == depth
        assert len(short) == (0 if kind == "plain" else 2)
        assert net(torch.rand(2, 1, 8, 8)).shape == (2, 10)


def test_what_cannot_be_built_is_refused():
    with pytest.raises(OptionError, match=r"^ResNet: depth is 21; give 6 n \+ 2, such as 20$"):
        ResNet(depth=21)
    with pytest.raises(OptionError, match=r"^Block: kind is 'OR'; give one of ADD, AND, IAND, sp"):
        Block("OR", 3, 3)
