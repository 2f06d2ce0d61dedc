"""A network of which two neurons carry each value, in Lava and in Lava's own Processes."""

import numpy as np
import pytest

pytest.importorskip("lava.magma", reason="lava-nc is not installed (Python 3.10 only)")

from exporters import convert
from onespike_lava.evaluation.comparison import first_difference
from tests.chains import Chain
from tests.sources import cnn, images

pytestmark = pytest.mark.lava


@pytest.mark.parametrize("wait", [16, 5])
def test_lava_sends_what_the_reference_sends(wait):
    network = convert(cnn(), images(100), double="stream").network
    x = images(2, seed=3)
    expected = network.run(x, "reference", wait, record=True)
    assert first_difference(network.run(x, "lava", wait, record=True), expected) is None


def test_the_stock_composition_gives_the_same_scores():
    chain = Chain((6,)).linear("one", outputs=5).relu("relu").linear("two", outputs=3)
    x = np.random.default_rng(0).integers(0, 16, (40, 6)).astype(np.float32)
    network = convert(chain.graph(), x, double="all", phases=4).network
    expected = network.run(x[:2], "reference", record=True)
    assert first_difference(network.run(x[:2], "stock", record=True), expected) is None
