"""Runs of a small network with a Process that fails on demand."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("lava.magma", reason="lava-nc is not installed (Python 3.10 only)")

from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source

from onespike_lava.processes.runner.session import Session
from tests.lava.faulty.process import Faulty

DATA = np.arange(20).reshape(2, 10)


def session(
    mode: str, timeout: float | None = None, note: str | None = None, together: bool = False
) -> tuple[Session, Faulty, Sink]:
    faulty = Faulty(mode=mode, note=note)
    source, sink = Source(data=DATA), Sink(shape=(2,), buffer=10)
    source.s_out.connect(faulty.s_in)
    faulty.s_out.connect(sink.a_in)
    return Session(faulty, Loihi2SimCfg(select_tag="fixed_pt"), timeout, together), faulty, sink


def run(mode: str, timeout: float | None = None, together: bool = False) -> np.ndarray:
    guarded, _, sink = session(mode, timeout, together=together)
    with guarded:
        guarded.run(4)
        guarded.run(6)
        return guarded.get(sink.data)
