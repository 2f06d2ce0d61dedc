"""What a line of `points.jsonl` holds, and whether one that is read is such a line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from exporters.choices import ENERGIES

ANN = "ann"
"""Key of the source network's figures."""

POINT_KEY = re.compile(r"[0-9a-f]{16}")
SHA256 = re.compile(r"[0-9a-f]{64}")

MOST = 2**53
"""Above this no count and no figure is one that was measured."""


def net_key(net: str) -> str:
    """Key of the record of a conversion: `sha256` of its file."""
    return f"net {net}"


def refusal_key(net: str) -> str:
    """Key of the record of a recipe that gives no network: why, as `refused`."""
    return f"refused {net}"


def parse(line: bytes) -> dict[str, Any] | None:
    """The record of a line; None where it is not one that a search writes."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not isinstance(found.get("key"), str):
        return None
    return found if _sound(found) else None


def _sound(record: Mapping[str, Any]) -> bool:
    """Whether the fields that a search reads have their types; other keys it never reads."""
    key = record["key"]
    if key.startswith("refused "):
        return isinstance(record.get("refused"), str)
    if key.startswith("net "):
        digest = record.get("sha256", "")
        return isinstance(digest, str) and (not digest or bool(SHA256.fullmatch(digest)))
    if key == ANN:
        return _counted(record)
    return not POINT_KEY.fullmatch(key) or (_counted(record) and _measured(record))


def _counted(record: Mapping[str, Any]) -> bool:
    samples, correct = record.get("samples"), record.get("correct")
    return _count(samples, 1) and _count(correct, 0) and correct <= samples  # type: ignore[operator]


def _measured(record: Mapping[str, Any]) -> bool:
    base, energy, rate = (record.get(name) for name in ("base", "energy", "spikes_per_neuron"))
    bases = base if isinstance(base, list) else [base]
    return (
        (bool(bases) or rate == 0)  # where no layer spikes there is no base
        and all(map(_figure, bases))
        and _count(record.get("latency"), 0)
        and isinstance(energy, dict)
        and all(_figure(energy.get(name)) for name in ENERGIES)
        and _figure(record.get("synops"))
        and _figure(rate)
    )


def _count(value: Any, least: int) -> bool:
    return type(value) is int and least <= value <= MOST


def _figure(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= MOST
