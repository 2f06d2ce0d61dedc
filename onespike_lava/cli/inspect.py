"""`onespike inspect`."""

from __future__ import annotations

import click

from onespike_lava.cli import options


@click.command(epilog="Example: onespike inspect digits.net")
@options.NET
@options.JSON
def command(net: str, as_json: bool) -> None:
    """Layers, shapes, phases, thresholds and sizes of NET.net."""
    from onespike_lava.netx import load
    from onespike_lava.summary import summary

    found = summary(load(net))
    if as_json:
        options.print_json(found)
        return
    head = ("phases", "base", "wait", "weighting", "neurons", "weights")
    options.print_table([(name, found[name]) for name in head if name in found])
    click.echo()
    columns = ("name", "type", "shape", "source", "weights", "potential", "threshold")
    rows = [[_cell(layer.get(name, "")) for name in columns] for layer in found["layers"]]
    options.print_table(rows, columns)
    click.echo()
    options.print_table(sorted(found["provenance"].items()))


def _cell(value: object) -> str:
    if isinstance(value, list):
        return "x".join(map(str, value)) if value and isinstance(value[0], int) else " ".join(value)
    return str(value)
