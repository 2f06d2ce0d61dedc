"""`onespike check`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from onespike_lava.cli import options, paths
from onespike_lava.cli.progress import Bars, say
from onespike_lava.errors import UnsupportedError

if TYPE_CHECKING:
    from onespike_lava import loihi
    from onespike_lava.network import Network

CHIP = "Chip"

STEP_TIME = options.Number(1e-6, 1e12)
"""From far below any chip's to far above, so that all that follows is finite."""


@click.command(
    cls=options.Command,
    epilog="Example: onespike check digits.net --data test.npz --step-time 10",
)
@options.NET
@options.option(
    "--data",
    type=paths.SAMPLES,
    metavar="D.npz",
    help="Samples on which to count spikes.",
    group=options.SAMPLES,
)
@options.LIMIT
@options.WAIT
@options.option(
    "--chips",
    type=int,
    default=1,
    show_default=True,
    metavar="N",
    help="The chips that the network may take.",
    group=CHIP,
)
@options.option(
    "--step-time",
    type=STEP_TIME,
    metavar="US",
    help="Microseconds that a step takes, for samples per second. No public number is known.",
    group=CHIP,
)
@options.option(
    "--stock",
    is_flag=True,
    help="Also the limits and the price of the stock composition.",
    group=CHIP,
)
@options.JSON
def command(
    net: str,
    data: str | None,
    limit: int | None,
    wait: int | None,
    chips: int,
    step_time: float | None,
    stock: bool,
    as_json: bool,
) -> int:
    """Check NET.net against the public limits of Loihi 2, and estimate how much of a chip it takes.

    All violations are listed at once, each with the layer, what was found, the limit and a way
    out. The exit code is 1 if there is one. Shares of the chip are lower bounds; `onespike explain
    share` says why.
    """
    say(f"reading {net}")
    from onespike_lava import loihi
    from onespike_lava.netx import load

    network = load(net)
    violations = loihi.check(network, wait=wait, chips=chips, stock=stock)
    notes = loihi.notes(network, wait=wait, chips=chips)
    x = options.samples(data, network, limit, labels=False).x if data else None
    with Bars() as bars:
        fit = loihi.fit(network, x, wait=wait, chips=chips, step_time=step_time, progress=bars)
    if as_json:
        document: dict[str, Any] = {
            "ok": not violations,
            "violations": [asdict(violation) for violation in violations],
            "notes": [asdict(note) for note in notes],
            "fit": fit.summary(),
        }
        if stock:
            document["stock"] = _priced(network, wait)
        options.print_json(document)
        return 1 if violations else 0
    _print_fit(fit)
    for title, lines in (("violations", violations), ("notes", notes)):
        click.echo(f"\n{title}: {len(lines) or 'none'}")
        for line in lines:
            options.echo(f"  {line}")
    if stock:
        _print_stock(_priced(network, wait))
    return 1 if violations else 0


def _priced(network: Network, wait: int | None) -> dict[str, Any]:
    """The price, or why there is no exact composition."""
    from onespike_lava.loihi.price import price

    try:
        return {"possible": True, **price(network, wait).summary()}
    except UnsupportedError as error:
        return {"possible": False, "reason": str(error)}


def _print_stock(found: dict[str, Any]) -> None:
    click.echo()
    if not found["possible"]:
        options.echo(found["reason"])
        return
    columns = ("neurons", "synapses", "clock", "neurons own", "synapses own", "processes")
    header = ("stock composition", *columns)
    rows = [
        (name, *(f"{number:,}" for number in numbers))
        for name, *numbers in (layer.values() for layer in found["layers"])
    ]
    options.print_table(rows, header)
    click.echo(
        f"steps per sample {found['steps_per_sample']}, until a sample's scores "
        f"{found['latency_steps']}"
    )
    if found["pauses"]:
        click.echo(
            f"pauses per sample {found['pauses']}, in which the host sets a layer's states again"
        )


def _print_fit(fit: loihi.Fit) -> None:
    from onespike_lava.loihi.limits import LOIHI2, SHORTEST_STEP

    click.echo(str(fit.table()))
    click.echo()
    click.echo(str(fit.timing()))
    click.echo(
        f"\nShares of a {LOIHI2['cores'].number}-core chip are lower bounds from secondary "
        "sources; routing, microcode and packing are not public (onespike explain share)."
    )
    if fit.step_time and fit.step_time < SHORTEST_STEP.number:
        click.echo(
            f"warning: no step takes less than {SHORTEST_STEP.number} us{SHORTEST_STEP.mark}",
            err=True,
        )
