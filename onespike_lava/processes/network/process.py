"""Process `OneSpikeNetwork`: a network file's content as one Lava Process."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var

from onespike_lava.errors import OptionError
from onespike_lava.network import Network


class OneSpikeNetwork(AbstractProcess):  # type: ignore[misc]
    """A whole one-spike network, a sample every `T` steps.

    Port `inp` takes the input's payloads, phase `j` of sample `n` at step `n * T + j`; port
    `out` sends the scores of sample `n` at step `total_steps(network, wait, n + 1)` of
    `onespike_lava.schedule`, and zeros otherwise.

    network : what to run
    wait    : `T_w` in 0..T; None takes the network's
    samples : how many samples from the start to count spikes of
    record  : also keep their codes

    It has two models for `Loihi2SimCfg(select_tag="fixed_pt")`: by default all layers in one
    operating-system process, with `select_sub_proc_model=True` one per layer and synapse;
    step by step both send the same. Var `spikes` is [layers - 1], Var `codes` [samples,
    neurons of all layers but the readout] as in `Probe`; both serve the first model, in the
    second one `procs.probe_<i>` of each layer holds the same.

    Raises `OptionError` for a wait outside 0..T.
    """

    def __init__(
        self,
        *,
        network: Network,
        wait: int | None = None,
        samples: int = 0,
        record: bool = False,
        **parameters: Any,
    ) -> None:
        wait = network.wait if wait is None else wait
        super().__init__(network=network, wait=wait, samples=samples, record=record, **parameters)
        if not 0 <= wait <= network.phases:
            raise OptionError(f"wait: {wait} is outside 0..{network.phases}, the network's phases")
        self.inp = InPort(shape=network.input.shape)
        self.out = OutPort(shape=network.readout.shape)
        spiking = network.layers[:-1]
        neurons = sum(int(np.prod(layer.shape)) for layer in spiking)
        self.spikes = Var(shape=(len(spiking),), init=0)
        self.codes = Var(shape=(samples, neurons) if record and samples else (1, 1), init=0)
