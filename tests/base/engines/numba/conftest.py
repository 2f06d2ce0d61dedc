"""Fixtures of the tests of engine `numba`."""

import pytest


@pytest.fixture
def many_threads(monkeypatch):
    """Small networks, too, on all threads."""
    from onespike_lava.engines.numba.run import runs

    monkeypatch.setattr(runs, "THREAD_WORK", 1)


@pytest.fixture(params=["vnni", "portable"])
def kind(request, monkeypatch):
    """Each kind of kernels that this processor runs, in use."""
    from onespike_lava.engines.numba import engine

    if request.param not in engine.kinds():
        pytest.skip(f"this processor does not run {request.param} kernels")
    monkeypatch.setattr(engine, "WANTED", request.param)
    return request.param
