"""A Process that is refused leaves nothing behind: Lava's own end of it would raise, unheard."""

import gc
import sys

import pytest

pytest.importorskip("lava.magma", reason="lava-nc is not installed (Python 3.10 only)")

from onespike_lava.errors import OptionError
from onespike_lava.processes import OneSpikeNetwork
from tests.lava.architectures import build

pytestmark = pytest.mark.lava


@pytest.mark.parametrize("wait", [-1, 13, 1.5])
def test_a_wait_that_is_refused(monkeypatch, wait):
    unheard = []
    monkeypatch.setattr(sys, "unraisablehook", lambda found: unheard.append(found.exc_value))
    with pytest.raises(OptionError, match=r"^wait: .* is outside 0\.\.12"):
        OneSpikeNetwork(network=build("dense"), wait=wait)
    gc.collect()
    assert not unheard
