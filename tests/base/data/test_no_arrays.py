"""What makes no array is told in one line, wherever samples or labels are given."""

import numpy as np
import pytest

from onespike_lava.errors import DataError
from onespike_lava.evaluation.tally import evaluate
from tests.networks import random_network

RAGGED = [[1.0, 2.0], [3.0]]


MADE = r"(list does not make one array \(setting an|type object is not numeric|object\[2\] is not)"
"""What is told of it: NumPy below 1.24 makes an array of objects, later ones refuse."""


class OnADevice:
    """As a tensor with a gradient, which does not become an array by itself."""

    def __array__(self, *_):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad.\nUse detach()")


@pytest.mark.parametrize(
    ("x", "found"),
    [(RAGGED, MADE), (OnADevice(), r"OnADevice .*grad\.")],
)
def test_samples(x, found):
    network = random_network(1)
    with pytest.raises(DataError, match=rf"^x: {found}.*; give float32\[N, \.\.\.\]$"):
        network.run(x)
    with pytest.raises(DataError, match=rf"^x: {found}"):
        evaluate(network, x, [0])


def test_masked_values():
    """Without the mask they would count as what lies under it."""
    network = random_network(1)
    x = np.ma.masked_array(np.zeros((2, *network.sample_shape)), mask=False)
    assert len(network.run(x).scores) == 2
    x[0] = np.ma.masked
    with pytest.raises(DataError, match=r"^x: some values are masked; fill them, or leave"):
        network.run(x)


@pytest.mark.parametrize("name", ["y", "mask"])
def test_labels(name):
    network = random_network(1)
    x = np.zeros((2, *network.input.shape))
    given = {"y": [0, 0], name: RAGGED}
    with pytest.raises(DataError, match=rf"^{name}: {MADE}.*; give "):
        evaluate(network, x, **given)
