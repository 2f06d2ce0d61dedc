"""`onespike inspect`."""

from __future__ import annotations

import click

from onespike_lava.cli import options


@click.command(epilog="Example: onespike inspect digits.net")
@options.NET
@options.JSON
def command(net: str, as_json: bool) -> None:
    """Layers, shapes, phases, thresholds and sizes of NET.net.

    Of a network that steps also its neurons field by field, one number for a layer or
    least..largest. A decay is the share that a step takes off; bias, drive, threshold and floor
    are integers of the potential, fraction bits included. A column is left out where all layers
    have what is usual: no bias, spikes of payload 1, no delay.
    """
    from onespike_lava.netx import load
    from onespike_lava.summary import page, summary

    network = load(net)
    if as_json:
        options.print_json(summary(network))
        return
    click.echo(str(page(network)))
