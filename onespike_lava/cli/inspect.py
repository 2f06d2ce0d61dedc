"""`onespike inspect`."""

from __future__ import annotations

from typing import Any

import click

from onespike_lava.cli import options

HEAD = ("phases", "base", "wait", "weighting", "neurons", "weights")
COLUMNS = ("name", "type", "shape", "source", "weights", "potential", "threshold")


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
    from onespike_lava.summary import summary

    network = load(net)
    found = summary(network)
    if as_json:
        options.print_json(found)
        return
    if network.steps:
        _print_steps(found)
    else:
        options.print_table([(name, found[name]) for name in HEAD])
        click.echo()
        _print_layers(found, COLUMNS)
    click.echo()
    options.print_table(sorted(found["provenance"].items()))


def _print_layers(found: dict[str, Any], columns: tuple[str, ...]) -> None:
    rows = [[_cell(layer.get(name, "")) for name in columns] for layer in found["layers"]]
    options.print_table(rows, columns)


def _cell(value: object) -> str:
    if isinstance(value, list):
        return "x".join(map(str, value)) if value and isinstance(value[0], int) else " ".join(value)
    return str(value)


def _print_steps(found: dict[str, Any]) -> None:
    from onespike_lava.summary import neurons

    proof = "proven" if found["proven"] else "not proven, checked by every run"
    head = [
        ("steps", found["phases"]),
        ("input", f"{found['coding']}, 0..{2 ** found['input_bits'] - 1}"),
        ("wait", found["wait"]),
        ("neurons", found["neurons"]),
        ("weights", found["weights"]),
        ("states within 24 bits", proof),
    ]
    options.print_table([row for row in head if row != ("wait", 0)])
    click.echo()
    _print_layers(found, COLUMNS[:-1])
    click.echo()
    shown = neurons(found)
    options.print_table(list(zip(*shown.values(), strict=True)), list(shown))
