"""What is kept of layers that stand still gives what they would give."""

# ruff: noqa: E402  (imports follow importorskip)

import pytest

torch = pytest.importorskip("torch")

from exporters.finetuning.counting import cache
from exporters.finetuning.counting.cache import Behind, needed
from exporters.finetuning.counting.twin import Counting
from onespike_lava.data.encoding import encode
from tests.exporters.finetuning.trained import counted, samples


@pytest.fixture(scope="module")
def net():
    return counted(steps=10)


def coded(net, count=130):
    return torch.from_numpy(encode(net.input, samples()[0][:count]).integers)


@pytest.mark.parametrize("taught", [False, True])
@pytest.mark.parametrize("reach", range(1, 7))
def test_bytes_give_the_logits_of_images(net, reach, taught):
    """For every first layer that moves: the one that begins to spike, or the one behind."""
    twin, x = Counting(net), coded(net)
    twin.reach = reach
    weights = torch.randn(x[0].numel(), 5, generator=torch.Generator().manual_seed(0))

    def logits(images):
        return images.flatten(1).float() @ weights

    teacher = logits if taught else None
    for first in range(1, min(reach + 1, 6) + 1):
        kept = Behind(twin, first, teacher, False)
        with torch.no_grad():
            found = kept(kept.packed(x))
            assert kept.held is not None
            whole = Behind(twin, first, teacher, True)
            assert whole.packed(x) is x
            torch.testing.assert_close(found, whole(x), rtol=0, atol=0)


def test_trains_are_bits_and_counts_are_bytes(net):
    """Layers: image, conv1, add (reads conv1 twice), pool, conv3, hidden, logits."""
    twin = Counting(net)
    twin.reach = 2
    (found,) = needed(twin, 2)
    assert (found.position, found.steps, found.size) == (1, 10, 2 * 8 * 64)
    twin.reach = 4
    assert [(each.position, each.steps) for each in needed(twin, 5)] == [(4, 0)]
    assert [(each.position, each.steps) for each in needed(twin, 1)] == [(0, 0)]
    assert [(each.position, each.steps) for each in needed(twin, 3)] == [(2, 10)]


def test_too_many_bytes_are_not_kept(net, monkeypatch):
    monkeypatch.setattr(cache, "MOST", 1000)
    kept, x = Behind(Counting(net), 2, None, False), coded(net)
    assert kept.packed(x) is x
    with torch.no_grad():
        assert kept(x).shape == (130, 5)
