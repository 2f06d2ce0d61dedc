"""The fields of timed neurons as cells of a table."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any


def neurons(found: dict[str, Any]) -> dict[str, list[str]]:
    """The fields of timed neurons, from a `summary`: column -> a cell for each layer that has some.

    A column in which all layers have what is usual is left out.
    """
    layers = [layer for layer in found["layers"] if "keep_v" in layer]
    usual = FIELDS | {"spikes a sample": (FIELDS["spikes a sample"][0], str(found["phases"]))}
    shown = {"neuron": [layer["name"] for layer in layers]}
    for title, (show, common) in usual.items():
        cells = [show(layer) for layer in layers]
        if set(cells) - {"", common}:
            shown[title] = cells
    return shown


def _written(value: Any, show: Callable[[Any], object] = str) -> str:
    """A number, the least and the largest of several, nothing for none."""
    if value is None:
        return ""
    ends = value if isinstance(value, list) else [value]
    return "..".join(str(show(each)) for each in (ends[0], ends[-1])[: len(ends)])


def _plain(key: str) -> Callable[[dict[str, Any]], str]:
    return lambda layer: _written(layer.get(key))


def _reset(layer: dict[str, Any]) -> str:
    """Its kind, and the amount where it is not the threshold."""
    amount = layer.get("reset_amount")
    more = "" if amount == layer.get("threshold") else f" {_written(amount)}"
    return layer.get("reset", "") + more.rstrip()


def _score(layer: dict[str, Any]) -> str:
    """What of a readout's potentials is the score."""
    group = layer.get("group", 1)
    return layer.get("take", "") + (f", {group} added" if group > 1 else "")


FIELDS: dict[str, tuple[Callable[[dict[str, Any]], str], str | None]] = {
    "current decay": (lambda layer: _written(layer["current_decay"], Fraction), None),
    "voltage decay": (lambda layer: _written(layer["voltage_decay"], Fraction), None),
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
