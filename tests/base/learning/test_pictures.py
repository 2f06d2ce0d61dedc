"""Kernels as pictures of the input."""

import numpy as np
import pytest

from onespike_lava.layers import Window
from onespike_lava.learning.pictures import pictures, sheet
from onespike_lava.learning.plastic import Plastic
from tests.learning import stages


def plastic(*shape):
    weight = np.random.default_rng(0).integers(0, 127, shape).astype(np.int8)
    return Plastic(weight, weight > 0, Window(padding=(1,) * 4))


def test_a_kernel_of_the_second_layer_is_made_of_those_below():
    first, second = plastic(6, 2, 3, 3), plastic(5, 6, 3, 3)
    below, above = pictures(stages(), (first, second))
    assert np.allclose(below * 127, first.weight[:, 0].astype(int) - first.weight[:, 1])
    assert above.shape == (5, 3 + 2 * 2, 3 + 2 * 2)
    expected = np.zeros((5, 7, 7))
    for o, i, r, c, y, x in np.ndindex(5, 6, 3, 3, 3, 3):
        expected[o, 2 * r + y, 2 * c + x] += second.weight[o, i, r, c] / 127 * below[i, y, x]
    assert np.allclose(above, expected)


def test_a_sheet_has_each_picture_once():
    found = np.arange(5 * 2 * 3, dtype=float).reshape(5, 2, 3) + 1
    page = sheet(found, 3)
    assert page.shape == (2 * 3 + 1, 3 * 4 + 1)
    assert page[4:6, 5:8] == pytest.approx(found[4] / found[4].max())
    assert np.isnan(page[3]).all()
