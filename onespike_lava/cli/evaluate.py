"""`onespike evaluate`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from onespike_lava.cli import options, progress

if TYPE_CHECKING:
    from onespike_lava.energy import Energy
    from onespike_lava.network import Network

SHOWN = 20
"""Steps whose accuracy the table has at most; JSON has all."""


@click.command(
    epilog="Example: onespike evaluate digits.net --data test.npz --engine lava --limit 20"
)
@options.NET
@options.DATA
@options.engine()
@options.STOCK
@options.WAIT
@options.LIMIT
@click.option("--over-steps", is_flag=True, help="Also the accuracy after each step.")
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
    """Accuracy, spikes and energy of NET.net on labelled data (npz: x, y, perhaps mask).

    Samples are read block by block. --workers and --scheduler divide them; the result is the same.
    --over-steps tells of a network that steps after how many steps its classes are what they
    stay; the same run gives all of them.
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
            ("accuracy", f"{100 * found.accuracy:.2f} %"),
            ("engine", found.engine),
            *([("steps", network.phases)] if network.steps else []),
            *([("wait", waits)] if found.wait or not network.steps else []),
            ("spikes per neuron", f"{found.spikes_per_neuron:.3f}"),
            *([("input values clipped", found.clipped)] if found.clipped else []),
            *_energy(network, found.energy),
            *_after_steps([] if found.over_steps is None else found.over_steps.tolist()),
        ]
    )


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
        yield f"energy ratio {key.upper()} (Eq. 6)", f"{found.ratios[key]:.2f}"
    for key in ("fp32", "int8"):
        yield f"energy ratio {key.upper()}, counted, {needed}", f"{found.ratios[f'{key}_snn']:.2f}"


def _after_steps(shares: list[float]) -> Iterator[tuple[str, str]]:
    """Accuracy after each step; of many steps those that lie evenly up to the last."""
    every = -(-len(shares) // SHOWN)
    for step, share in enumerate(shares, 1):
        if (len(shares) - step) % every == 0:
            yield f"accuracy after step {step}", f"{100 * share:.2f} %"
