"""`onespike evaluate`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from onespike_lava.cli import options, progress

if TYPE_CHECKING:
    from onespike_lava.energy import Energy
    from onespike_lava.evaluation.tally import Evaluation
    from onespike_lava.network import Network

SHOWN = 20
"""Steps whose accuracy the table has at most; JSON has all."""


@click.command(
    cls=options.Command,
    epilog="Example: onespike evaluate digits.net --data test.npz --engine lava --limit 20",
)
@options.NET
@options.DATA
@options.engine()
@options.STOCK
@options.WAIT
@options.LIMIT
@options.option(
    "--over-steps",
    is_flag=True,
    help="Print the accuracy after each step of a network that steps, too.",
    group=options.OUTPUT,
)
@options.WORKERS
@options.SCHEDULER
@options.JSON
def command(
    net: str,
    data: str,
    engine: str,
    stock: bool,
    wait: int | None,
    limit: int | None,
    over_steps: bool,
    workers: int,
    scheduler: str | None,
    as_json: bool,
) -> None:
    """Measure accuracy, spikes and energy of NET.net on labelled samples.

    D.npz holds samples x and labels y; a mask says which labels count. Where y are numbers, the
    command prints squared error and R2 instead of accuracy. Samples are read block by block, so
    that the file may be larger than memory. The result does not depend on --workers,
    --scheduler or --engine.

    `onespike explain synop` and `onespike explain energy` say what is counted.
    """
    engine = options.engine_name(engine, stock)
    progress.say(f"reading {net}")
    from onespike_lava.evaluation.sharding import evaluate_file
    from onespike_lava.netx import load

    network = load(net)
    with progress.Bars() as bars:
        found = evaluate_file(
            *(network, data, engine, wait),
            limit=limit,
            workers=workers,
            scheduler=scheduler,
            over_steps=over_steps,
            progress=bars,
        )
    if as_json:
        options.print_json(found.summary(network))
        return
    waits = f"{found.wait} of {network.phases} {'steps' if network.steps else 'phases'}"
    options.print_table(
        [
            *found.counts(network).items(),
            *_judgement(found),
            ("engine", found.engine),
            *([("steps", network.phases)] if network.steps else []),
            *([("wait", waits)] if found.wait or not network.steps else []),
            ("spikes per neuron", f"{found.spikes_per_neuron:.3f}"),
            *([("input values clipped", found.clipped)] if found.clipped else []),
            *_energy(network, found.energy),
            *_after_steps([] if found.over_steps is None else found.over_steps.tolist()),
        ]
    )


def _judgement(found: Evaluation) -> Iterator[tuple[str, str]]:
    """How well the network does: classes, or numbers."""
    if found.squared_error is not None:
        yield "mean squared error", f"{found.squared_error:.6g}"
        yield "R2", f"{found.r2:.4f}"
    else:
        yield "accuracy", f"{100 * found.accuracy:.2f} %"
    if found.mean_iou is not None:
        yield "mean IoU", f"{100 * found.mean_iou:.2f} %"


def _energy(network: Network, found: Energy) -> Iterator[tuple[str, str]]:
    from onespike_lava.energy import OPERATIONS

    yield "synaptic operations per sample", f"{found.exact:,.0f}"
    needed = " + ".join(OPERATIONS[network.weighting])
    if network.steps:
        yield "of these with a payload above 1", f"{found.multiplied:,.0f}"
        yield "MACs of the input per sample", f"{found.input_macs:,.0f}"
        needed = "by payload"
    yield "MACs of these layers as an ANN", f"{found.macs:,.0f}"
    for key in ("fp32", "int8"):
        yield f"energy ratio {key.upper()} (Eq. 6 of arXiv:2403.08786)", f"{found.ratios[key]:.2f}"
    for key in ("fp32", "int8"):
        yield f"energy ratio {key.upper()}, counted, {needed}", f"{found.ratios[f'{key}_snn']:.2f}"


def _after_steps(shares: list[float]) -> Iterator[tuple[str, str]]:
    """Accuracy after each step; of many steps those that lie evenly up to the last."""
    every = -(-len(shares) // SHOWN)
    for step, share in enumerate(shares, 1):
        if (len(shares) - step) % every == 0:
            yield f"accuracy after step {step}", f"{100 * share:.2f} %"
