"""Evaluation in parts: of files larger than the memory, on several processes or machines.

A part's counts are integers that add up, so the result is that of one process, bit for bit.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache, reduce
from operator import add

import numpy as np

from onespike_lava import netx
from onespike_lava.data.encoding import Samples
from onespike_lava.data.rows import Rows, column
from onespike_lava.data.samples import load_samples
from onespike_lava.errors import OptionError
from onespike_lava.evaluation.labels import Labels
from onespike_lava.evaluation.tally import (
    BLOCK,
    Evaluation,
    Tally,
    evaluate,
    judged,
    tally,
)
from onespike_lava.evaluation.targets import Targets, are_numbers
from onespike_lava.network import Network
from onespike_lava.system.jobs import Task, crew, finished
from onespike_lava.system.progress import Progress, silent

PARTS = 4
"""Parts for each worker, so that none waits long for the slowest."""


def evaluate_file(
    network: Network,
    path: str | os.PathLike[str],
    engine: str = "auto",
    wait: int | None = None,
    *,
    limit: int | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    over_steps: bool = False,
    progress: Progress = silent,
) -> Evaluation:
    """The evaluation of a network on a `.npz` file (`x`, `y`, perhaps `mask`), as in `evaluate`.

    Samples are read block by block, each worker its own; a graph is one sample and not divided.

    limit     : only the first samples
    workers   : processes of this machine
    scheduler : address of a Dask scheduler, whose workers see the file under the same path
    over_steps : also the accuracy after each step

    Raises `DataError`, `OptionError`, `MissingPartError` and `WorkerError`.
    """
    apart = workers != 1 or scheduler is not None
    if engine == "lava" and apart:
        raise OptionError("workers: engine lava has processes of its own; leave the option out")
    if network.is_graph:
        if apart:
            raise OptionError("workers: a graph is one sample, not to be divided; leave them out")
        shape, plane = network.sample_shape, network.readout.result[1:]
        data = load_samples(path, labels=True).of(shape, plane, limit)
        assert data.y is not None
        given = (network, data.x, data.y, engine, wait, data.mask, progress)
        return evaluate(*given, over_steps=over_steps)
    y, mask = (column(path, name) for name in ("y", "mask"))
    if y is not None and are_numbers(y):
        if apart:
            raise OptionError("workers: targets that are numbers need one; leave the option out")
        rows = Rows.of(path, "x")
        targets = Targets.of(network, y, len(rows), limit, mask=mask, over_steps=over_steps)
        part = rows.part(slice(0, limit))
        counted = tally(network, part, engine, wait, progress, targets.see)
        counted.warn(network)
        return targets.judge(judged(network, counted, None))
    rows, labels = labelled(network, path, limit)
    if not apart:
        counted = tally(network, rows, engine, wait, progress, over_steps=over_steps)
        counted.warn(network)
        return judged(network, counted, labels)
    content = netx.to_bytes(network)
    with crew(workers, scheduler) as found:
        parts = list(shards(len(rows), found.width))
        tasks: Iterator[Task] = (
            (part.start, tally_part, (content, rows.part(part), engine, wait, over_steps))
            for part in parts
        )
        tallies: dict[int, Tally] = {}
        for start, part_counted in finished(found, lambda: next(tasks, None)):
            tallies[start] = part_counted
            progress("evaluation", len(tallies), len(parts))
    counted = reduce(add, (tallies[part.start] for part in parts))
    counted.warn(network)
    return judged(network, counted, labels)


def labelled(
    network: Network, path: str | os.PathLike[str], limit: int | None
) -> tuple[Rows, Labels]:
    """Samples to be read part by part, and their labels, checked."""
    rows = Rows.of(path, "x")
    Rows.of(path, "y")
    y, mask = (column(path, name) for name in ("y", "mask"))
    given = np.broadcast_to(np.zeros((), rows.dtype), rows.shape)
    Samples(network.input, given, network.phases)  # checks these
    assert y is not None
    labels = Labels.of(network.readout.result, y, mask, len(rows), limit)
    return rows.part(slice(0, limit)), labels


def shards(samples: int, workers: int) -> Iterator[slice]:
    """Parts of whole blocks, some for each worker, that cover all samples in order."""
    blocks = -(-samples // BLOCK)
    size = BLOCK * max(1, -(-blocks // (PARTS * workers)))
    for start in range(0, samples, size):
        yield slice(start, min(start + size, samples))


def tally_part(
    content: bytes, rows: Rows, engine: str, wait: int | None, over_steps: bool = False
) -> Tally:
    """What a worker does: count a part, with the network in the bytes of its file."""
    return tally(kept(content), rows, engine, wait, over_steps=over_steps)


@lru_cache(maxsize=1)
def kept(content: bytes) -> Network:
    """The network of a file's bytes, with what engines have prepared for it."""
    return netx.from_bytes(content)
