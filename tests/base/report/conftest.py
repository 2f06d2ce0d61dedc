"""A report of a network whose names are hostile."""

import pytest

from onespike_lava.report import gather, page
from tests.base.report.networks import HOSTILE, compared, data, small


@pytest.fixture(scope="module")
def reported():
    """A report on a network with hostile names, and its page."""
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    network = small(HOSTILE)
    x, y = data(network)
    found = gather(network, x, y, comparison=compared(network), title=HOSTILE[3])
    return found, page(found)
