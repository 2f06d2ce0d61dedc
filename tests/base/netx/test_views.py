"""Samples in another shape, scores in blocks: what the file says of them."""

from dataclasses import replace

import numpy as np
import pytest

from onespike_lava.errors import DataError, FormatError, InvalidNetworkError
from onespike_lava.netx import from_bytes, to_bytes
from onespike_lava.netx.parse import from_tree
from onespike_lava.netx.tree import to_tree
from tests.base.evaluation.dense import dense
from tests.networks import changed, random_samples

LAST = {"sample": (4, 6, 2), "axes": (2, 0, 1)}


def viewed(**view):
    return changed(dense(3, (2, 3)), 0, **view)


def test_both_are_read_as_they_were_written():
    network = from_bytes(to_bytes(viewed(**LAST)))
    assert network.input.sample == (4, 6, 2)
    assert network.input.axes == (2, 0, 1)
    assert network.readout.blocks == (2, 3)
    assert network.sample_shape == (4, 6, 2)
    plain = to_tree(dense(3))
    assert not [key for key in plain if "sample" in key or "axes" in key or "blocks" in key]


def test_samples_are_moved_to_where_the_layers_read_them():
    x = random_samples(dense(3, (2, 3)), 5)
    network = viewed(**LAST)
    last = np.moveaxis(x, 1, -1)
    for engine in ("numpy", "numba", "reference"):
        expected = dense(3, (2, 3)).run(x, engine=engine).scores
        np.testing.assert_array_equal(network.run(last, engine=engine).scores, expected)
    flat = viewed(sample=(48,), axes=(0,))
    np.testing.assert_array_equal(flat.run(x.reshape(5, 48)).scores, expected)
    with pytest.raises(DataError, match="does not match"):
        network.run(x)


def test_scores_lie_in_the_places_of_the_larger_plane():
    network = dense(3, (2, 3))
    x = random_samples(network, 4)
    placed = network.run(x).scores.reshape(4, 3, 8, 18)
    plain = dense(3, (2, 3))
    plain = replace(plain, layers=(*plain.layers[:-1], replace(plain.readout, blocks=(1, 1))))
    raw = plain.run(x).scores.reshape(4, 3, 2, 3, 4, 6)
    for row, column in np.ndindex(2, 3):
        np.testing.assert_array_equal(placed[:, :, row::2, column::3], raw[:, :, row, column])


@pytest.mark.parametrize(
    ("view", "words"),
    [
        ({"sample": (4, 6, 3), "axes": (2, 0, 1)}, "do not make"),
        ({"sample": (4, 6, 2), "axes": (2, 0, 0)}, "do not make"),
        ({"sample": (4, 6, 2), "axes": (0, 1)}, "do not make"),
        ({"sample": (-4, -6, 2), "axes": (2, 0, 1)}, "do not make"),
        ({"axes": (0,)}, "do not make"),
    ],
)
def test_views_that_fit_no_input_are_refused(view, words):
    with pytest.raises(InvalidNetworkError, match=words):
        viewed(**view)


@pytest.mark.parametrize("blocks", [(2, 2), (0, 1), (5, 1), (2,), (-2, -3)])
def test_blocks_that_fit_no_channels_are_refused(blocks):
    with pytest.raises(InvalidNetworkError, match="do not lie in the channels"):
        changed(dense(3), 2, blocks=blocks)


def test_what_says_nothing_is_not_written():
    tree = to_tree(dense(3, (2, 3)))
    tree["layer/2/neuron/blocks"] = np.array([1, 1], np.int32)
    with pytest.raises(FormatError, match="1 is not written; leave the key out"):
        from_tree(tree)
