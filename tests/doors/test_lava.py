"""Views of the input and blocks of the output in Lava: the same integers."""

import warnings

import pytest

pytest.importorskip("torch")
pytest.importorskip("lava")

from exporters import convert
from tests.doors.networks import made


@pytest.mark.parametrize(
    ("name", "engine"),
    [
        ("U-Net, transposed", "lava"),
        pytest.param("U-Net, transposed", "stock", marks=pytest.mark.long),
        ("channels last at the input", "lava"),
        ("channels last at the input", "stock"),
    ],
)
def test_lava_gives_the_same_integers(name, engine):
    module, x = made(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = convert(module, x, phases=5).network
    expected = network.run(x[:2], engine="numpy", record=True)
    found = network.run(x[:2], engine=engine, record=True)
    assert (found.scores == expected.scores).all()
    assert all((found.codes[key] == expected.codes[key]).all() for key in expected.codes)
