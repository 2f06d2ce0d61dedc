"""Time in the batch, a repeated input, joins."""

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from exporters.training.layers import Folded, Join, Repeat  # noqa: E402
from onespike_lava.errors import DataError, OptionError  # noqa: E402


def test_folded_modules_see_steps_as_samples():
    torch.manual_seed(0)
    x = torch.randn(3, 4, 2, 6, 6)
    norm = nn.BatchNorm2d(5)
    layer = Folded(nn.Conv2d(2, 5, 3), norm)
    out = layer(x)
    assert out.shape == (3, 4, 5, 4, 4)
    current = layer[0](x.reshape(12, 2, 6, 6))
    torch.testing.assert_close(norm.running_mean, 0.1 * current.mean((0, 2, 3)))
    layer.eval()
    for step in range(3):
        torch.testing.assert_close(layer(x)[step], norm(layer[0](x[step])))


def test_a_static_input_is_repeated_without_a_copy():
    x = torch.randn(4, 2)
    out = Repeat(5)(x)
    assert out.shape == (5, 4, 2)
    assert out.data_ptr() == x.data_ptr()
    assert all(torch.equal(step, x) for step in out)
    with pytest.raises(OptionError, match=r"^Repeat: 0 steps; give 1 or more$"):
        Repeat(0)


@pytest.mark.parametrize(
    ("join", "table"),
    [("ADD", [0, 1, 1, 2]), ("AND", [0, 0, 0, 1]), ("IAND", [0, 0, 1, 0])],
)
def test_joins_in_the_order_identity_branch(join, table):
    """Pairs S A of 00, 01, 10, 11; IAND is S (1 - A), not A (1 - S)."""
    identity, branch = torch.tensor([0.0, 0, 1, 1]), torch.tensor([0.0, 1, 0, 1])
    assert Join(join)(identity, branch).tolist() == table


def test_a_silent_branch_passes_the_identity_and_its_gradient():
    s = torch.tensor([0.0, 1, 2], requires_grad=True)
    for join, branch in (("ADD", 0.0), ("IAND", 0.0), ("AND", 1.0)):
        out = Join(join)(s, torch.full((3,), branch))
        assert torch.equal(out, s)
        assert torch.autograd.grad(out.sum(), s)[0].tolist() == [1, 1, 1]


def test_joins_that_do_not_fit_are_refused():
    with pytest.raises(OptionError, match=r"^Join: 'OR'; give one of ADD, AND, IAND$"):
        Join("OR")
    with pytest.raises(DataError, match=r"^Join: identity of shape \[2, 3\], branch of \[3\]; br"):
        Join()(torch.zeros(2, 3), torch.zeros(3))
