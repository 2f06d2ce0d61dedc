"""Process `OneSpikeNetwork`: a network file's content as one Lava Process."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess

from onespike_lava.model import Model, wait_of
from onespike_lava.processes.leaf.recorder import noted_zeros, shared_zeros


class OneSpikeNetwork(AbstractProcess):  # type: ignore[misc]
    """A whole network, a sample every `period(network)` steps: `T`, more with axonal delays.

    Port `inp` takes the input's payloads, phase `j` of sample `n` at step `n * period + j`; port
    `out` sends the scores of sample `n` at step `total_steps(network, wait, n + 1)` of
    `onespike_lava.schedule`, and zeros otherwise.

    network : what to run
    wait    : `T_w` in 0..T; None takes the network's
    samples : how many samples from the start to count spikes of
    record  : also keep their codes

    With `Loihi2SimCfg`, tag `fixed_pt` or `floating_pt`, all layers are in one operating-system
    process; with `select_sub_proc_model=True` each layer and synapse is in one of its own. Step
    by step both send the same.

    `spikes` is int64[layers - 1], `scores` float64[samples, *scores of the readout], `codes` for
    each layer but the readout what a `Probe` holds, or None if not recorded.
    They are plain arrays, written by the first model as it runs; in the second one
    `procs.probe_<i>` of each layer holds spikes and codes.

    Raises `OptionError` for a wait outside 0..T.
    """

    def __init__(
        self,
        *,
        network: Model,
        wait: int | None = None,
        samples: int = 0,
        record: bool = False,
        **parameters: Any,
    ) -> None:
        wait = network.wait if wait is None else wait
        super().__init__(network=network, wait=wait, samples=samples, record=record, **parameters)
        wait_of(network, wait)  # behind: Lava's own `__del__` needs what it sets up
        self.inp = InPort(shape=network.input.shape)
        self.out = OutPort(shape=network.readout.scores)
        senders = network.layers[:-1]
        self.spikes = shared_zeros((len(senders),), np.int64)
        self.codes = (
            [
                noted_zeros(samples, network.code(position), layer.shape)
                for position, layer in enumerate(senders)
            ]
            if record
            else None
        )
        self.scores = shared_zeros((samples, *network.readout.scores), np.float64)
        for name in ("spikes", "scores", "codes"):
            self.proc_params[name] = getattr(self, name)
