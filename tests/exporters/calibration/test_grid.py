"""The input's grid and the normalisation constants, found in calibration data."""

import numpy as np
import pytest

from exporters.calibration.grid import check_calibration, input_grid
from exporters.graph import Graph, Node
from onespike_lava.data.encoding import decode, encode
from onespike_lava.errors import DataError
from onespike_lava.layers import Input
from tests.sources import walked

MEAN = np.array([0.485, 0.456, 0.406])[:, None, None]
DEVIATION = np.array([0.229, 0.224, 0.225])[:, None, None]


def pixels(seed=0, low=0, high=255, samples=20):
    rng = np.random.default_rng(seed)
    return rng.integers(low, high + 1, (samples, 3, 8, 8))


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_raw_pixels_are_exact(kind):
    whole = pixels()
    low, step = input_grid((whole / 255).astype(kind), 8, None)
    layer = Input("x", (3, 8, 8), 8, low, step)
    coded = encode(layer, (whole / 255).astype(kind))
    assert (coded.integers == whole).all()
    assert coded.clipped == 0
    assert coded.rounding < 1e-4


def test_normalised_pixels_are_exact_in_every_channel():
    whole = pixels()
    x = ((whole / 255 - MEAN) / DEVIATION).astype(np.float32)
    low, step = input_grid(x, 8, None)
    layer = Input("x", (3, 8, 8), 8, low, step)
    coded = encode(layer, x)
    assert (coded.integers == whole).all()
    assert np.allclose(step, 1 / 255 / DEVIATION[:, 0, 0], rtol=1e-5)
    assert np.allclose(decode(layer, coded.integers), x, atol=1e-5)


def test_levels_that_calibration_lacks_are_kept_for_later_data():
    """The range is the lattice's, not the bare minimum and maximum of the data."""
    low, step = input_grid((pixels(0, 40, 200) / 255).astype(np.float32), 8, None)
    layer = Input("x", (3, 8, 8), 8, low, step)
    later = (pixels(1) / 255).astype(np.float32)
    assert encode(layer, later).clipped == 0
    assert (encode(layer, later).integers == pixels(1)).all()


def test_a_coarse_lattice_stays_exact():
    """17 grey levels, as in the digits."""
    x = (np.random.default_rng(0).integers(0, 17, (50, 1, 8, 8)) / 16).astype(np.float32)
    low, step = input_grid(x, 8, None)
    assert (low[0], step[0]) == (0.0, 0.0625)


def test_sparse_levels_still_give_the_step():
    """Differences of 2 and 3 levels: the step is their common divisor."""
    whole = np.array([0, 2, 5, 100, 255])[np.random.default_rng(0).integers(0, 5, (9, 1, 4, 4))]
    _, step = input_grid((whole / 255).astype(np.float32), 8, None)
    assert step[0] == pytest.approx(1 / 255)


def test_vectors_share_one_grid():
    x = np.random.default_rng(0).integers(0, 256, (30, 5)) / 255
    low, step = input_grid(x, 8, None)
    assert low.shape == step.shape == (1,)


def test_continuous_data_take_their_range():
    x = np.random.default_rng(0).normal(size=(100, 1, 4, 4))
    low, step = input_grid(x, 8, None)
    assert low[0] == x.min()
    assert low[0] + 255 * step[0] == pytest.approx(x.max())


def test_constant_channels_and_given_ranges():
    low, step = input_grid(np.full((3, 1, 2, 2), 0.5), 8, None)
    assert (encode(Input("x", (1, 2, 2), 8, low, step), np.full((1, 1, 2, 2), 0.5))).clipped == 0
    low, step = input_grid(np.zeros((3, 1, 2, 2)), 8, (-1.0, 1.0))
    assert (low[0], step[0]) == (-1.0, 2 / 255)


def test_values_outside_are_clipped_and_counted():
    layer = Input("x", (2,), 8, np.zeros(1), np.full(1, 1 / 255))
    coded = encode(layer, np.array([[-0.5, 0.5], [0.25, 7.0]]))
    assert coded.clipped == 2
    assert coded.integers[:, 0].tolist() == [0, 64]
    assert coded.integers[1, 1] == 255


def test_maxima_stream():
    rng = np.random.default_rng(0)
    weight = rng.normal(size=(4, 2, 3, 3))
    graph = Graph(
        (
            Node("x", "input", attrs={"shape": (2, 5, 5)}),
            Node("c", "conv", ("x",), {"weight": weight}),
            Node("r", "relu", ("c",)),
        ),
        "r",
    )
    x = rng.normal(size=(150, 2, 5, 5)).astype(np.float32)
    values = graph.evaluate(x)
    found = walked(graph, x).maxima["r"]
    assert np.allclose(found, values.max(axis=(0, 2, 3)), rtol=1e-6)


def test_no_calibration_is_refused():
    graph = Graph((Node("x", "input", attrs={"shape": (2,)}), Node("r", "relu", ("x",))), "r")
    with pytest.raises(DataError, match=r"^calibration: no samples; give at least one"):
        check_calibration(np.zeros((0, 2)), graph)
