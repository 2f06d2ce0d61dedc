"""Warnings point to whoever called, whatever runs it."""

import numpy as np
import pytest

from onespike_lava import OneSpikeWarning, load
from tests import DIGITS


def far_off():
    return np.full((2, 1, 8, 8), 1e6)


def test_a_warning_points_to_the_caller():
    network = load(DIGITS / "digits.net")
    with pytest.warns(OneSpikeWarning, match="x: 128 of 128 values lie outside") as found:
        network.run(far_off())
    assert found[0].filename == __file__


def test_code_of_no_module_is_warned_too():
    """As doctest and notebooks' cells run it: its globals have no name."""
    places = {"network": load(DIGITS / "digits.net"), "x": far_off()}
    code = compile("run = network.run(x)", "<cell>", "exec")
    with pytest.warns(OneSpikeWarning, match="x: 128 of 128 values lie outside") as found:
        exec(code, places)
    assert found[0].filename == "<cell>"
    assert len(places["run"].scores) == 2
