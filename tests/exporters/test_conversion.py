"""What a conversion does not depend on."""

# ruff: noqa: E402  (imports follow importorskip)

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from threadpoolctl import threadpool_info, threadpool_limits
from torch import nn

from exporters import convert


@pytest.mark.parametrize("given", [1, 2])
def test_a_conversion_sums_with_one_thread_of_blas(given):
    """With more it sums in another order, and a tie of a rounding falls otherwise."""
    seen = set()

    def told(*_):
        found = [each for each in threadpool_info() if each["user_api"] == "blas"]
        seen.update(each["num_threads"] for each in found)

    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))
    with threadpool_limits(given, user_api="blas"):
        convert(model, np.random.default_rng(0).random((50, 8)), progress=told)
    assert seen == {1}
