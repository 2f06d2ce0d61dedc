"""Data of a search, and a count of its work."""

import pytest

from exporters.tuning import search
from tests.sources import cnn, images


@pytest.fixture(scope="module")
def data():
    """Samples labelled as the network itself classes them, some wrongly."""
    x = images(300, seed=1)
    y = cnn().evaluate(x).argmax(1)
    y[::7] = (y[::7] + 1) % 5
    return x, y


@pytest.fixture
def calls(monkeypatch):
    """How often each kind of work is done."""
    counted = {"convert_recipe": 0, "measure": 0, "judge": 0}

    def counting(name):
        whole = getattr(search, name)

        def call(*words):
            counted[name] += 1
            return whole(*words)

        return call

    for name in counted:
        monkeypatch.setattr(search, name, counting(name))
    return counted
