"""`onespike inspect`."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
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
    layers = [layer for layer in found["layers"] if "keep_v" in layer]
    usual = FIELDS | {"spikes a sample": (FIELDS["spikes a sample"][0], str(found["phases"]))}
    shown = {"neuron": [layer["name"] for layer in layers]}
    for title, (show, common) in usual.items():
        cells = [show(layer) for layer in layers]
        if set(cells) - {"", common}:
            shown[title] = cells
    options.print_table(list(zip(*shown.values(), strict=True)), list(shown))


def _span(value: Any, show: Callable[[Any], object] = str) -> str:
    """A number, the least and the largest of several, nothing for none."""
    if value is None:
        return ""
    ends = value if isinstance(value, list) else [value]
    return "..".join(str(show(each)) for each in (ends[0], ends[-1])[: len(ends)])


def _plain(key: str) -> Callable[[dict[str, Any]], str]:
    return lambda layer: _span(layer.get(key))


def _reset(layer: dict[str, Any]) -> str:
    """Its kind, and the amount where it is not the threshold."""
    amount = layer.get("reset_amount")
    more = "" if amount == layer.get("threshold") else f" {_span(amount)}"
    return layer.get("reset", "") + more.rstrip()


def _score(layer: dict[str, Any]) -> str:
    """What of a readout's potentials is the score."""
    group = layer.get("group", 1)
    return layer.get("take", "") + (f", {group} added" if group > 1 else "")


FIELDS: dict[str, tuple[Callable[[dict[str, Any]], str], str | None]] = {
    "current decay": (lambda layer: _span(layer["current_decay"], Fraction), None),
    "voltage decay": (lambda layer: _span(layer["voltage_decay"], Fraction), None),
    "fraction bits": (_plain("fraction_bits"), "0"),
    "rounding": (_plain("rounding"), "floor"),
    "growth": (_plain("growth"), ""),
    "bias": (_plain("bias"), "0"),
    "drive": (_plain("drive"), "0"),
    "threshold": (_plain("threshold"), None),
    "reset": (_reset, None),
    "spikes a sample": (_plain("max_spikes"), None),
    "spikes a step": (_plain("max_count"), "1"),
    "payload": (_plain("payload"), "1"),
    "floor": (_plain("floor"), ""),
    "delay": (_plain("delay"), "0"),
    "recurrent": (lambda layer: "yes" if layer["recurrent"] else "", ""),
    "score": (_score, None),
}
"""Column of the neurons -> what a cell shows, and what is usual, None for a column always shown."""
