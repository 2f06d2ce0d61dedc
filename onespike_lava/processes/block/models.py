"""Model of `Block`: its parts, whatever their number type."""

from __future__ import annotations

from lava.magma.core.decorator import implements
from lava.magma.core.model.sub.model import AbstractSubProcessModel
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from onespike_lava.processes.block.process import Block


@implements(proc=Block, protocol=LoihiProtocol)
class SubBlockModel(AbstractSubProcessModel):  # type: ignore[misc]
    """The parts as attributes, where Lava looks for them.

    They are named after the layer, so that errors tell which: Lava had named them after the
    attributes of the block.
    """

    def __init__(self, process: Block) -> None:
        for name, part in process.parts.items():
            part.name = f"{process.title}.{name}"
            setattr(self, name, part)
