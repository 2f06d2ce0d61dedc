"""Results of two engines are the same."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("lava.magma", reason="lava-nc is not installed (Python 3.10 only)")

from onespike_lava.engines.result import Result


def check_same(one: Result, other: Result) -> None:
    np.testing.assert_array_equal(one.scores, other.scores)
    assert list(one.spikes) == list(other.spikes)
    assert one.codes is not None
    assert other.codes is not None
    for mine, theirs in zip(one.codes, other.codes, strict=True):
        assert mine.dtype == theirs.dtype == np.uint8
        np.testing.assert_array_equal(mine, theirs)
