"""Model of `Network`: its blocks."""

from __future__ import annotations

from lava.magma.core.decorator import implements
from lava.magma.core.model.sub.model import AbstractSubProcessModel
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from onespike_lava.processes.netx.process import Network


@implements(proc=Network, protocol=LoihiProtocol)
class SubNetworkModel(AbstractSubProcessModel):  # type: ignore[misc]
    """The blocks as attributes `layer_<i>`, where Lava looks for them."""

    def __init__(self, process: Network) -> None:
        for position, block in enumerate(process.layers, start=process.skip_layers):
            setattr(self, f"layer_{position}", block)
