"""Process `Network`: a `.net` file with the interface of lava-dl's `netx.hdf5.Network`."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from numpy.typing import NDArray

from onespike_lava.errors import OptionError
from onespike_lava.model import wait_of
from onespike_lava.netx import load
from onespike_lava.processes.block.process import Block
from onespike_lava.processes.graph import build, open_inputs, slots_from
from onespike_lava.processes.netx.table import table
from onespike_lava.schedule import period


class Network(AbstractProcess):  # type: ignore[misc]
    """A network file as a Lava graph, one block a layer, to use like lava-dl's class.

    net_config      : path of a `.net` file of this library
    num_layers      : take only so many layers from the start; None takes all
    skip_layers     : leave out the first so many. With 0, `inp` takes raw samples, one at each
                      step `reset_offset + n * period + 1`, of events at each of a sample's;
                      with 1, the spikes of the input layer,
                      as an `Encoder` sends them; with more, those of the last layer skipped
    reset_offset    : steps before the first sample
    sparse_fc_layer : every dense synapse as a `Sparse` Process
    wait            : `T_w` in 0..T; None takes the file's
    integers        : raw samples are the input layer's integers, not the source network's
                      values. Lava's ring buffer sends integers alone in fixed point

    Ports `inp` and `out`; `layers`, `in_layer`, `out_layer` are blocks with `inp`, `out`,
    `neuron`, `synapses`, `delays` and `shape`; `len(net)` counts them, `print(net)` lists
    them, `network` is the file's content. Shapes are channels first, where lava-dl's are
    width, height, channels. Reset, spike and message sizes are in the file, so lava-dl's
    arguments for them are not here. `samples_at` says at which steps the results leave.

    It runs under any `Loihi2SimCfg` with `select_tag` `fixed_pt` or `floating_pt`, an operating
    system process per synapse and layer; `OneSpikeNetwork` does the same in one.

    Raises `FormatError` for any other file than `load` reads, and `OptionError`.
    """

    def __init__(
        self,
        net_config: str | os.PathLike[str],
        num_layers: int | None = None,
        skip_layers: int = 0,
        reset_offset: int = 0,
        sparse_fc_layer: bool = False,
        wait: int | None = None,
        integers: bool = False,
        **parameters: Any,
    ) -> None:
        super().__init__(**parameters)
        self.filename = os.fspath(net_config)
        self.network = network = load(net_config)
        self.wait = wait_of(network, wait)
        count = len(network.layers)
        self.end = count if num_layers is None else min(num_layers, count)
        if not 0 <= skip_layers < self.end:
            raise OptionError(
                f"skip_layers: {skip_layers} leaves none of {self.end} layers; skip fewer"
            )
        if reset_offset < 0:
            raise OptionError(
                f"reset_offset: {reset_offset} is below 0, steps before the start; give 0 or more"
            )
        self.skip_layers, self.reset_offset = skip_layers, reset_offset
        self.layers: list[Block] = build(
            network,
            self.wait,
            first=skip_layers,
            end=self.end,
            start=reset_offset,
            sparse=sparse_fc_layer,
            integers=integers,
        )
        self.in_layer, self.out_layer = self.layers[0], self.layers[-1]
        self.inp = InPort(shape=self.in_layer.inp.shape)
        self.out = OutPort(shape=self.out_layer.out.shape)
        for port in open_inputs(self.layers, skip_layers):
            self.inp.connect(port)
        self.out_layer.out.connect(self.out)

    def __str__(self) -> str:
        """A table of the layers."""
        return table(self.network, range(self.skip_layers, self.end), self.layers)

    def __len__(self) -> int:
        """Number of layers."""
        return len(self.layers)

    def samples_at(self, samples: int) -> NDArray[np.int64]:
        """Step at which each sample's scores leave, int64[samples]; of other layers, phase `T`.

        A sink that records every step holds them in its columns `samples_at(n) - 1`.
        """
        slots = slots_from(self.network, self.wait, self.skip_layers, self.reset_offset)
        ends = period(self.network) * np.arange(samples) + self.network.phases
        return slots[self.end - 1].fire + ends
