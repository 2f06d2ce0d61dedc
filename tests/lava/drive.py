"""A Process between Lava's ring buffers, run under guard."""

from __future__ import annotations

import numpy as np
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source

from onespike_lava.processes.runner.session import Session


def collect(out, steps: int, tag: str = "fixed_pt", **configuration) -> np.ndarray:
    """What a port of a connected graph sends, [*shape, steps]."""
    sink = Sink(shape=out.shape, buffer=steps)
    out.connect(sink.a_in)
    with Session(sink, Loihi2SimCfg(select_tag=tag, **configuration)) as session:
        session.run(steps)
        return session.get(sink.data)


def feed(port, given: np.ndarray) -> None:
    """Send a stream [*shape, steps] into a port."""
    Source(data=given).s_out.connect(port)
