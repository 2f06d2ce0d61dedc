"""Thresholds at the percentile, whole ones, and what follows them."""

# ruff: noqa: E402  (imports follow importorskip)

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from exporters.finetuning.counting.balance import follow, ratios_of, take_turn
from exporters.finetuning.counting.twin import Counting, Neurons, entered
from onespike_lava.data.encoding import encode
from tests.exporters.finetuning.trained import counted, samples


def prepared(limit=127, reach=0):
    net = counted()
    x = torch.from_numpy(encode(net.input, samples()[0]).integers)
    twin = Counting(net, limit)
    twin.reach = reach
    return twin, x, [at for at, part in enumerate(twin.parts) if isinstance(part, Neurons)]


def values(twin, x, position):
    found = []

    def observe(at, counts):
        if at == position:
            found.append(counts)

    with torch.no_grad():
        twin.sent({0: entered(x)}, position, observe=observe)
    return found[0]


def test_the_ratio_is_that_of_the_percentile():
    """Of samples in several batches, of all values of the layer."""
    twin, x, hidden = prepared()
    ratios = ratios_of(twin, hidden, x)
    for at in hidden:
        flat = values(twin, x, at).flatten().sort(descending=True).values
        beyond = int(0.001 * len(flat))
        assert ratios[at] * 6 == pytest.approx(float(flat[beyond]), rel=1e-6)


@pytest.mark.parametrize("limit", [127, 7])
def test_a_turn_is_a_change_of_units(limit):
    """Real layers give what they gave; counts reach T at the percentile; thresholds are whole."""
    twin, x, hidden = prepared(limit)
    with torch.no_grad():
        before = twin(x).numpy()
    take_turn(twin, range(1, len(twin.parts)), x, None)
    twin.reach = 0
    with torch.no_grad():
        after = twin(x).numpy()
    off = 2e-3 if limit == 127 else 5e-2  # small thresholds are rounded
    np.testing.assert_allclose(after, before, atol=off * before.std())
    for at in hidden:
        base = twin.parts[at].base
        assert torch.equal(base, base.round())
        share = (values(twin, x, at) > 6).float().mean()
        assert share <= 0.0015
        weights = [each.real().abs().max() for each in twin.parts[at].sums.parts if not each.fixed]
        assert max(weights) <= limit * 3.01  # of few bits the largest may be cut off


def test_layers_before_stay_as_they_are():
    twin, _, hidden = prepared()
    second = hidden[1]
    before = {name: each.clone() for name, each in twin.state_dict().items()}
    follow(twin, {second: 1.7}, second)
    for name, each in twin.state_dict().items():
        position = int(name.split(".")[1])
        if position < second:
            assert torch.equal(each, before[name]), name
    assert not torch.equal(twin.parts[second].base, before[f"parts.{second}.base"])


def test_a_fan_in_holds_for_those_whose_turn_it_is():
    twin, x, hidden = prepared()
    take_turn(twin, [hidden[2]], x, 9)
    live = [
        max(int(each.mask.flatten(1).sum(1).max()) for each in twin.parts[at].sums.parts)
        for at in hidden
    ]
    assert live[2] == 9
    assert min(live[0], live[3]) > 9
