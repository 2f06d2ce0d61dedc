"""A network, or some of its layers in a row, as connected blocks."""

from __future__ import annotations

from dataclasses import replace

from onespike_lava.errors import OptionError
from onespike_lava.model import Model
from onespike_lava.processes.block.process import Block
from onespike_lava.schedule import Slot, schedule


def slots_from(network: Model, wait: int, first: int, start: int) -> tuple[Slot, ...]:
    """The schedule, shifted such that what feeds layer `first` fires from step `start + 1` on.

    Layer 0 is fed with samples, which it sends at once.
    """
    slots = schedule(network, wait)
    shift = start - slots[max(first - 1, 0)].fire
    return tuple(
        replace(slot, integrate=slot.integrate + shift, fire=slot.fire + shift) for slot in slots
    )


def build(
    network: Model,
    wait: int,
    *,
    first: int = 0,
    end: int | None = None,
    start: int = 0,
    sparse: bool = False,
    integers: bool = False,
) -> list[Block]:
    """Blocks of the layers `first .. end - 1`, connected with each other.

    The ports of the first block, and every other that layer `first - 1` feeds, are for the
    caller: see `open_inputs`. Raises `OptionError` where a layer needs an earlier source.
    """
    slots = slots_from(network, wait, first, start)
    blocks: list[Block] = []
    for position in range(first, len(network.layers) if end is None else end):
        block = Block(
            network=network,
            position=position,
            wait=wait,
            slot=slots[position],
            sparse=sparse,
            integers=integers,
        )
        blocks.append(block)
        for source, port in zip(block.reads, block.inputs, strict=True):
            if source >= first:
                blocks[source - first].out.connect(port)
            elif source < first - 1:
                name, needs = network.layers[position].name, network.layers[source].name
                raise OptionError(
                    f"first layer: {name} needs {needs}, which is skipped with others after it; "
                    "begin where all paths meet"
                )
    return blocks


def open_inputs(blocks: list[Block], first: int) -> list[object]:
    """Ports of the blocks from layer `first` on that layer `first - 1`, or samples, feed."""
    return [
        port
        for block in blocks
        for source, port in zip(block.reads, block.inputs, strict=True)
        if source < first
    ]
