"""What all tests share: kernels are compiled once, before workers start."""

from importlib.util import find_spec


def pytest_sessionstart(session):
    """Workers share the compiled kernels on disk; two that compile at once would drop one's."""
    if session.config.getoption("numprocesses", None) and find_spec("numba"):
        from onespike_lava.engines.numba.engine import kinds
        from onespike_lava.engines.numba.kernels.walk import walker

        for kind in kinds():
            walker(kind)
