"""The layers of a Lava network as a table of text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from onespike_lava.layers import Layer, Sparse, Window
from onespike_lava.network import Network
from onespike_lava.processes.block.process import Block

COLUMNS = ("Type", "W", "H", "C", "ker", "str", "pad", "dil", "grp", "delay")
"""Those of lava-dl: width, height, channels; kernel, stride, padding, dilation (rows,columns;
padding top,left,bottom,right where its sides differ); groups; steps of delay lines."""


def table(network: Network, positions: Iterable[int], blocks: Sequence[Block]) -> str:
    """One line per block, and one more per further synapse."""
    rows: list[tuple[str, ...]] = [COLUMNS]
    for position, block in zip(positions, blocks, strict=True):
        rows += _rows(network.layers[position], block)
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = (
        "|".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows
    )
    return "\n".join(f"|{line}|" for line in lines)


def _rows(layer: Layer, block: Block) -> list[tuple[str, ...]]:
    channels, height, width = (*layer.shape, 1, 1)[:3]
    size = (str(width), str(height), str(channels))
    if not layer.synapses:
        kernel, window = getattr(layer, "kernel", None), getattr(layer, "window", None)
        cells = _window(kernel, window) if kernel and window else ("",) * 4
        return [(layer.kind.capitalize(), *size, *cells, "", "")]
    found: list[tuple[str, ...]] = []
    for synapse, line in zip(layer.synapses, block.delays, strict=True):
        delay = "..".join(map(str, sorted(set(line.extent)))) if line else ""
        if not isinstance(synapse, Sparse) and synapse.kind == "conv":
            window = _window(synapse.weight.shape[2:], synapse.window)
            found.append(("Conv", *size, *window, str(synapse.groups), delay))
        else:
            found.append((synapse.kind.capitalize(), *size, *[""] * 5, delay))
    return [found[0], *(("  +" + row[0], *row[1:]) for row in found[1:])]


def _window(kernel: Sequence[int], window: Window) -> tuple[str, str, str, str]:
    top, left, bottom, right = window.padding
    padding = (top, left) if (top, left) == (bottom, right) else window.padding
    parts = (kernel, window.stride, padding, window.dilation)
    return tuple(",".join(map(str, part)) for part in parts)  # type: ignore[return-value]
