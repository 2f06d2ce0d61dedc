"""A network as tables for people: what `onespike inspect` and notebooks show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from onespike_lava.layers import times
from onespike_lava.model import Model
from onespike_lava.summary.fields import neurons
from onespike_lava.summary.figures import summary
from onespike_lava.system.tables import Page, Table

HEAD = ("phases", "base", "wait", "weighting", "neurons", "weights")
COLUMNS = ("name", "type", "shape", "source", "weights", "potential", "threshold")


def page(network: Model) -> Page:
    """The network, its layers, the fields of timed neurons, the provenance."""
    return Page(tuple(_tables(network, summary(network))))


def layers(network: Model) -> Table:
    """Its layers, one a row."""
    return _layers(network, summary(network))


def _tables(network: Model, found: dict[str, Any]) -> Iterator[Table]:
    yield Table(tuple(_head(network, found)))
    yield _layers(network, found)
    if network.steps:
        shown = neurons(found)
        yield Table(tuple(zip(*shown.values(), strict=True)), tuple(shown))
    yield Table(tuple(sorted(found["provenance"].items())))


def _head(network: Model, found: dict[str, Any]) -> Iterator[tuple[str, object]]:
    if not network.steps:
        yield from ((name, weights(found) if name == "weights" else found[name]) for name in HEAD)
        return
    yield "steps", found["phases"]
    yield "input", f"{found['coding']}, 0..{2 ** found['input_bits'] - 1}"
    if found["wait"]:
        yield "wait", found["wait"]
    yield "neurons", found["neurons"]
    yield "weights", weights(found)
    proof = "proven" if found["proven"] else "not proven, checked by every run"
    yield "states within 24 bits", proof


def _layers(network: Model, found: dict[str, Any]) -> Table:
    columns = COLUMNS[:-1] if network.steps else COLUMNS
    shown = [each | {"weights": weights(each)} for each in found["layers"]]
    rows = (tuple(_cell(layer.get(name, "")) for name in columns) for layer in shown)
    return Table(tuple(rows), columns)


def weights(found: dict[str, Any], form: str = "") -> str:
    """Weights of a layer or a network; where some were pruned how many live of how many."""
    if "weights" not in found:
        return ""
    live = format(found["weights"], form)
    return f"{live} of {found['weights'] + found['pruned']:{form}}" if "pruned" in found else live


def _cell(value: object) -> str:
    if isinstance(value, list):
        return times(tuple(value)) if value and isinstance(value[0], int) else " ".join(value)
    return str(value)
