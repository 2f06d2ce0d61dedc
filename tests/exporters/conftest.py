"""What tests of exporters share."""

import pytest


@pytest.fixture
def one_thread():
    """One thread of torch, with which a training is the same each time."""
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
