"""What all tests share: kernels are compiled once, before workers start; a command line."""

from importlib.util import find_spec

import pytest


def pytest_sessionstart(session):
    """Workers share the compiled kernels on disk; two that compile at once would drop one's."""
    if session.config.getoption("numprocesses", None) and find_spec("numba"):
        from onespike_lava.engines.numba.engine import kinds
        from onespike_lava.engines.numba.kernels.walk import walker

        for kind in kinds():
            walker(kind)


@pytest.fixture
def onespike(capsys):
    """Runs a command line; gives exit code, stdout and stderr."""
    from onespike_lava.cli import main

    def call(*words):
        with pytest.raises(SystemExit) as end:
            main([str(word) for word in words])
        captured = capsys.readouterr()
        return end.value.code, captured.out, captured.err

    return call
