"""Large layers become integers block by block, the same as at once."""

import numpy as np
import pytest

from exporters.calibration.moments import Moments
from exporters.quantization import fit as fits
from exporters.quantization import rounding
from exporters.quantization.rounding import rounded
from exporters.quantization.sources import Linear, Source


def layer(outputs=23, inputs=70, parts=2, seed=0, known=True):
    """Maps float32[outputs, inputs] of sources of unlike scale, `known` with their moments."""
    rng = np.random.default_rng(seed)
    maps = []
    for number in range(parts):
        unit = rng.uniform(0.5, 4, inputs)
        source = Source(number, (inputs,), unit, np.zeros(inputs), 8, 1.3, 16, False, 197.0)
        mixed = rng.normal(size=(inputs, inputs)) / 8 + np.eye(inputs)
        moments = Moments(rng.uniform(0, 1, (1, inputs)), (mixed @ mixed.T)[None])
        weight = rng.normal(size=(outputs, inputs)).astype(np.float32)
        maps.append(Linear(source, weight, moments=moments if known else None))
    return maps, rng.normal(size=outputs)


@pytest.mark.parametrize("one_scale", [False, True])
@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("payload", [197.0, 4e4])  # the second asks for a larger scale
def test_blocks_are_the_whole(one_scale, known, payload, monkeypatch):
    maps, constant = layer(known=known)
    maps = [Linear(_with(each.source, payload), each.weight, moments=each.moments) for each in maps]
    options = {"weighting": "graded", "one_scale": one_scale}
    whole = fits.fit(maps, constant, np.full(23, 3.0), **options)
    assert bool(whole.lowered) == (payload > 1e4)
    monkeypatch.setattr(fits, "BLOCK_WEIGHTS", 2 * 70 * 5)
    blocks = fits.fit(maps, constant, np.full(23, 3.0), **options)
    for one, two in zip(whole.weights, blocks.weights, strict=True):
        assert (one == two).all()
    assert (whole.bias == blocks.bias).all()
    assert (whole.scale == blocks.scale).all()
    assert whole.lowered == blocks.lowered


def _with(source, payload):
    return Source(**{**vars(source), "payload": payload})


def test_losses_passed_on_in_blocks_are_those_passed_on_one_by_one(monkeypatch):
    (part, _), _ = layer()
    scale = np.abs(part.scaled()).max(axis=1) / 20
    blocks = rounded(part, part.scaled(), scale)
    for size in (1, 7, 1000):
        monkeypatch.setattr(rounding, "BLOCK", size)
        assert (rounded(part, part.scaled(), scale) == blocks).all()
