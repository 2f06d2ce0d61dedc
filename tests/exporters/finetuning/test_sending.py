"""Phase code forward and straight through backward."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from exporters.finetuning.sending import PLACES, lookup, send  # noqa: E402
from onespike_lava import coding  # noqa: E402


def first_phase(potential, base, table, payload):
    """The neuron of the file, phase by phase."""
    for threshold, value in zip(table, payload, strict=True):
        if potential >= base * threshold:
            return value
    return 0


@pytest.mark.parametrize(("phases", "base"), [(1, 2.0), (4, 2.0), (8, 2.0), (16, 1.3), (24, 1.21)])
def test_it_sends_what_the_first_threshold_says(phases, base):
    """At every threshold and next to it, for small and the largest bases; equal levels too."""
    payloads = coding.payload_table(phases, base, 8)
    table, payload = coding.threshold_table(payloads), payloads[:-1]
    levels = torch.from_numpy(lookup(table, payload))
    largest = (2**23 - 1) // int(table[0])
    for h in (1, 2, 3, 7, 1000, largest):
        edges = h * np.concatenate([table, [0, 1, 2**23 // h]])
        values = (edges[:, None] + np.arange(-2, 3)).reshape(-1)
        values = values[np.abs(values) < 2**24]
        found = send(
            torch.from_numpy(values.astype(np.float32))[:, None], torch.tensor([float(h)]), levels
        )
        expected = [first_phase(int(v), h, table.tolist(), payload.tolist()) for v in values]
        assert found[:, 0].tolist() == expected, h


def test_channels_have_bases_of_their_own_in_any_layout():
    table, payload = np.array([300, 160, 60]), np.array([200, 100, 40])
    levels = torch.from_numpy(lookup(table, payload))
    assert len(levels) == PLACES
    values = torch.randint(-2000, 90000, (4, 3, 5, 6)).float()
    base = torch.tensor([1.0, 40.0, 200.0])
    plain = send(values, base, levels)
    last = send(values.contiguous(memory_format=torch.channels_last), base, levels)
    assert torch.equal(plain, last)
    for channel in range(3):
        flat = values[:, channel].flatten().tolist()
        h, expected = int(base[channel]), plain[:, channel].flatten().tolist()
        assert expected == [first_phase(v, h, table.tolist(), payload.tolist()) for v in flat]


def test_the_gradient_is_that_of_the_value_where_the_code_can_follow():
    table, payload = np.array([300, 160, 60]), np.array([200, 100, 40])
    levels = torch.from_numpy(lookup(table, payload))
    values = torch.tensor([[-5.0, 0.0, 10.0, 700.0, 4000.0, 4001.0]]).T.clone().requires_grad_()
    send(values, torch.tensor([10.0]), levels).sum().backward()
    assert values.grad[:, 0].tolist() == pytest.approx([0, 0, 0.05, 0.05, 0.05, 0])


def test_thresholds_of_two_neurons_for_a_value_may_lie_beyond_the_largest_payload():
    """Of the second one the first level may be reached late; up to there the gradient passes."""
    table, payload = np.array([698, 213]), np.array([255, 73])
    levels = torch.from_numpy(lookup(table, payload))
    values = torch.tensor([[2129.0, 2130.0, 6979.0, 6980.0, 6981.0]]).T.clone().requires_grad_()
    found = send(values, torch.tensor([10.0]), levels)
    assert found[:, 0].tolist() == [0, 73, 73, 255, 255]
    found.sum().backward()
    assert values.grad[:, 0].tolist() == pytest.approx([0.05, 0.05, 0.05, 0.05, 0])
