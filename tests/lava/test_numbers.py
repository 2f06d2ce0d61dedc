"""Numbers at the ends of what there is, in Lava as in engine reference."""

import pytest

pytest.importorskip("lava.magma")

from exporters import convert
from tests.ends import CHANGES, RECIPES, changed, edges
from tests.sources import cnn, images

CASES = [
    ("all zeros", 1, 2.0, "paper"),
    ("dead layer", 4, 2.0, "default"),
    ("weights of all sizes", 8, 1.01, "membrane"),
    ("bias far above weights", 6, 1.0003, "default"),
]


@pytest.mark.parametrize(("change", "phases", "base", "recipe"), CASES)
def test_lava_agrees(change, phases, base, recipe):
    x, options = images(24), {"phases": phases, "base": base, **RECIPES[recipe]}
    network = convert(changed(cnn(), CHANGES[change]), x, **options).network
    some = edges(x)[1:4]
    expected, found = (network.run(some, each, record=True) for each in ("reference", "lava"))
    assert (found.scores == expected.scores).all()
    for name, codes in expected.codes.items():
        assert (found.codes[name] == codes).all()
