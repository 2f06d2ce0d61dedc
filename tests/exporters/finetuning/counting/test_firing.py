"""Spikes of integrate-and-fire neurons: against plain loops and the neurons that train."""

# ruff: noqa: E402  (imports follow importorskip)

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from exporters.finetuning.counting.firing import fire
from exporters.training.neurons import IF


def plain(arriving, base, bias, steps, at_once=False):
    """Neuron by neuron in Python's integers; arriving [S, N, C, H, W]."""
    sent, count, *shape = arriving.shape
    out = np.zeros((steps, count, *shape), int)
    wide = np.broadcast_to(bias, shape)
    for place in np.ndindex(count, *shape):
        total = int(wide[place[1:]])
        drive = 0 if at_once else total // steps
        v = total - steps * drive
        for step in range(steps):
            v += int(arriving[(step, *place)]) if step < sent else 0
            v += drive
            if v >= base[place[1]]:
                v -= int(base[place[1]])
                out[(step, *place)] = 1
    return out


@pytest.mark.parametrize("sent", [1, 4])
@pytest.mark.parametrize("shape", [(5,), (5, 2, 3)])
@pytest.mark.parametrize("own", [False, True])
def test_it_is_the_plain_loop(sent, shape, own):
    rng = np.random.default_rng(sent)
    arriving = rng.integers(-40, 60, (sent, 3, *shape)).astype(np.float32)
    base = rng.integers(1, 50, 5).astype(np.float32)
    size = shape if own else (5, *[1] * (len(shape) - 1))
    bias = rng.integers(-30, 90, size).astype(np.float32)
    given = torch.from_numpy(arriving)
    if len(shape) == 3:
        given = given.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        given = given.unflatten(0, (sent, 3))
    numbers = (torch.from_numpy(base), torch.from_numpy(bias))
    for at_once in (False, True):
        found = fire(given, *numbers, 4, at_once)
        assert found.dtype == torch.uint8
        assert found.any()
        expected = plain(arriving, base, bias, 4, at_once)
        np.testing.assert_array_equal(found.numpy(), expected)


def test_it_is_the_neuron_of_the_training_kit():
    """Where nothing drives it: soft reset, fires at its threshold."""
    x = torch.randint(-20, 30, (7, 4, 6), generator=torch.Generator().manual_seed(0)).float()
    found = fire(x, torch.full((6,), 17.0), torch.zeros(6), 7)
    expected = IF(threshold=17.0, reset="subtract")(x)
    assert torch.equal(found.float(), expected)
    assert 0.1 < expected.mean() < 0.9
