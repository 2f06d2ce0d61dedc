"""`onespike inspect`."""

from __future__ import annotations

import click

from onespike_lava.cli import options


@click.command(cls=options.Command, epilog="Example: onespike inspect digits.net")
@options.NET
@options.JSON
def command(net: str, as_json: bool) -> None:
    """List layers, shapes, phases, thresholds and sizes of NET.net.

    For a network that steps a second table lists the fields of its neurons: one number where all
    neurons of a layer have the same, else least..largest. A decay is the share that a step takes
    off. Bias, drive, threshold and floor are integers of the potential, fraction bits included.
    A column is left out where every layer has the usual value: no bias, payload 1, no delay.
    """
    from onespike_lava.netx import load
    from onespike_lava.summary import page, summary

    network = load(net)
    if as_json:
        options.print_json(summary(network))
        return
    click.echo(str(page(network)))
