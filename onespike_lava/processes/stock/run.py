"""Samples through the stock composition, under the guarded runner."""

from __future__ import annotations

import numpy as np
from lava.magma.core.run_configs import Loihi2SimCfg
from numpy.typing import NDArray

from onespike_lava.engines.result import Codes, Result
from onespike_lava.network import Network
from onespike_lava.processes.engine import traceless
from onespike_lava.processes.probe.process import Probe
from onespike_lava.processes.runner import patience
from onespike_lava.processes.runner.session import Session
from onespike_lava.processes.stock import stepping
from onespike_lava.processes.stock.compose import StockNetwork


def run(
    network: Network,
    data: NDArray[np.uint8],
    wait: int | None = None,
    record: bool = False,
    shared: bool = True,
) -> Result:
    """Run samples in Lava's fixed-point simulation of the stock composition.

    data   : uint8[N, *shape], the input layer's integers
    record : also count and keep what each layer sends, by probes beside the composition;
             otherwise spikes are not counted (-1)

    Raises `UnsupportedError` as `StockNetwork`, `LavaRunError` if the run fails.
    """
    if network.steps:
        return stepping.run(network, data, wait, record, shared)
    phases = network.phases
    with traceless():
        stock = StockNetwork(network, data, wait, shared)
        probes = _probes(stock) if record else []
        configuration = Loihi2SimCfg(select_tag="fixed_pt")
        with Session(stock.sink, configuration, together=True) as session:
            extra = patience.SECONDS_PER_STOCK_STEP * len(stock.processes) * stock.steps
            session.run(stock.steps, extra_seconds=extra)
            received = session.get(stock.sink.data).astype(np.int64)
            noted = [probe.noted.astype(np.uint8) for probe in probes]
    ends = stock.times[-1].level + 2 * phases * np.arange(len(data))
    scores = received[:, ends - 1].T
    layers = network.layers[:-1]
    if not record:
        return Result(scores, [-1] * len(layers), None)
    codes: Codes = [data]
    codes += [
        values.reshape(-1, *layer.shape) for values, layer in zip(noted, layers[1:], strict=True)
    ]
    spikes = [network.code(index).total(part) for index, part in enumerate(codes)]
    return Result(scores, spikes, codes)


def _probes(stock: StockNetwork) -> list[Probe]:
    """Recorders of what the layers between input and readout send."""
    probes = []
    for position in range(1, len(stock.ports) - 1):
        port = stock.ports[position].spikes
        probe = Probe(
            shape=port.shape,
            samples=stock.samples,
            phases=2 * stock.network.phases,
            start=stock.times[position].fire,
        )
        port.connect(probe.s_in)
        probes.append(probe)
    return probes
