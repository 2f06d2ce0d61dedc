"""Engine `numba` reads samples of any layout, and encodes them as the library does."""

from dataclasses import replace

import numpy as np
import pytest

from onespike_lava.data.encoding import decode, encode
from onespike_lava.engines.numba import engine
from onespike_lava.engines.numba.kernels import walk
from onespike_lava.engines.numba.run import runs
from onespike_lava.errors import DataError
from tests.networks import Maker, random_network, random_samples

pytestmark = pytest.mark.usefixtures("many_threads")


def test_data_of_any_layout(kind):
    network = random_network(3)
    whole = np.zeros((8, *network.input.shape), np.uint8)
    whole.flags.writeable = False
    for data in (whole, whole[::2]):
        assert len(engine.run(network, data, network.phases, False).scores) == len(data)
    assert len(walk.walker(kind).signatures) == 1


def graded_input(shape, channels):
    """A network whose input has a grid of its own per channel, or one."""
    make = Maker(np.random.default_rng(1), 8, 1.3, "graded")
    make.readout(make.input(shape))
    rng = np.random.default_rng(2)
    grid = {"low": rng.normal(0, 1, channels), "step": rng.uniform(0.01, 0.02, channels)}
    return make, grid


@pytest.mark.parametrize(
    ("shape", "channels"), [((3, 5, 4), 3), ((3, 5, 4), 1), ((37,), 37), ((37,), 1)]
)
@pytest.mark.parametrize("clipped", [False, True])
def test_encoding_is_that_of_the_library(shape, channels, clipped, kind):
    make, grid = graded_input(shape, channels)
    make.layers[0] = replace(make.layers[0], **grid)
    network = make.network()
    layer, rng = network.input, np.random.default_rng(3)
    x = decode(layer, rng.integers(0, 256, (9, *shape)).astype(np.uint8))
    x += rng.choice([0, 0.3, 0.5, -0.5], x.shape) * layer.step.min()
    x = np.where(rng.random(x.shape) < 0.1, 1e30 * rng.normal(0, 1, x.shape), x) if clipped else x
    for values in (x, x.astype(np.float32), np.asfortranarray(x.astype(np.float32)), x[::-2]):
        expected, found = encode(layer, values), network.run(values, "numba", record=True)
        assert (found.codes["input"] == expected.integers).all()
        assert found.clipped == expected.clipped
        assert (found.clipped > 0) == clipped or not clipped
        assert found.rounding == expected.rounding > 0
    for type_ in (np.float16, np.int8, ">f4", bool):
        values = np.clip(x, -9, 9).astype(type_)
        assert (network.run(values, "numba").scores == network.run(values, "numpy").scores).all()


def test_ties_go_to_the_even_integer_and_the_ends_of_the_grid_are_inside(kind):
    make, _ = graded_input((1, 16, 16), 1)
    grid = {"low": np.array([-1.0]), "step": np.array([2.0**-6])}
    make.layers[0] = replace(make.layers[0], **grid)
    half = np.arange(256) - 0.5
    x = (-1 + half * 2.0**-6).astype(np.float32).reshape(1, 1, 16, 16)
    found = make.network().run(x, "numba", record=True)
    assert (found.codes["input"].reshape(-1) == np.rint(half)).all()
    assert (found.clipped, found.rounding) == (0, 0.5)
    assert make.network().run(x + 2.0**-6, "numba").clipped == 1


def test_bytes_at_an_odd_address(kind):
    network = random_network(1)
    x = random_samples(network, 3).astype(np.float32)
    odd = np.frombuffer(b"0" + x.tobytes(), np.uint8)[1:].view(np.float32).reshape(x.shape)
    assert (network.run(odd, "numba").scores == network.run(x, "numpy").scores).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers(bad, kind, monkeypatch):
    monkeypatch.setattr(runs, "BLOCK_VALUES", 1)
    network = random_network(1)
    x = random_samples(network, 5)
    x[[1, 4], 0, 0, 0] = bad
    with pytest.raises(DataError, match=r"^x: 2 values are NaN or infinite; clean the data$"):
        network.run(x, "numba")
