"""The points of a grid: recipes, and the waits that each is run with, cheapest first."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from exporters.graph import Graph, is_spiking
from exporters.passes.pipeline import prepare
from exporters.recipe import Recipe, check_names
from exporters.recipe.declaration import PAIR
from exporters.recipe.options import OPTIONS
from onespike_lava.errors import OneSpikeError, OptionError

PAIRS = {each.name for each in OPTIONS if each.kind is PAIR}
"""Options whose one value is itself several numbers."""


@dataclass(frozen=True)
class Candidate:
    """A point to be measured.

    options : of the recipe, as given; without the wait
    recipe  : all of its fields
    wait    : `T_w`
    cost    : phases until a sample's scores
    net     : key of the conversion, equal for candidates that differ in their wait alone
    key     : of the point: conversion, wait, and the data it is measured on
    """

    options: Mapping[str, Any]
    recipe: Mapping[str, Any]
    wait: int
    cost: int
    net: str
    key: str


def candidates(
    graph: Graph,
    options: Mapping[str, Any],
    waits: Sequence[int | str],
    start: str,
    data: str,
) -> tuple[list[Candidate], list[tuple[dict[str, Any], str]]]:
    """All candidates of a grid, fewest phases first, and recipes that are none, with the reason.

    options  : of `Recipe`; a list or tuple is an axis, anything else the same for all
    waits    : numbers of phases, or shares of `T` as `T`, `0.75T`; those beyond `T` are left out
    start    : stands for what the conversions start from, a part of their keys
    data     : stands for the data, a part of the points' keys
    """
    check_names(options)
    axes = {name: _axis(name, value) for name, value in options.items()}
    depths = _Depths(graph)
    found: list[Candidate] = []
    refused = []
    for values in itertools.product(*axes.values()):
        given = dict(zip(axes, values, strict=True))
        try:
            recipe = Recipe(**given)
        except OneSpikeError as error:
            refused.append((given, str(error)))
            continue
        fields = asdict(recipe)
        del fields["wait"]
        net = digest([start, fields])
        for wait in _waits(waits, recipe.phases):
            cost = depths.of(recipe) * wait + recipe.phases
            key = digest([net, wait, data])
            found.append(Candidate(given, fields, wait, cost, net, key))
    if not found:
        reason = refused[0][1] if refused else "every wait is beyond T; give a shorter one"
        raise OptionError(f"grid: no point is possible; the first: {reason}")
    unique = {each.key: each for each in reversed(found)}
    kept = [each for each in found if unique[each.key] is each]
    return sorted(kept, key=lambda each: (each.cost, each.recipe["phases"])), refused


def digest(value: Any) -> str:
    """16 hexadecimal digits that stand for JSON-ready values."""
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _axis(name: str, value: Any) -> list[Any]:
    several = isinstance(value, (list, tuple)) and name not in PAIRS
    values = list(value) if several else [value]
    if not values:
        raise OptionError(f"{name}: no value; give at least one")
    return values


def _waits(waits: Iterable[int | str], phases: int) -> list[int]:
    found = dict.fromkeys(_wait(each, phases) for each in waits)
    return [wait for wait in found if wait <= phases]


def _wait(value: int | str, phases: int) -> int:
    text = str(value).strip()
    try:
        wait = round(float(text[:-1] or 1) * phases) if text.endswith("T") else int(text)
    except (ValueError, OverflowError):
        raise OptionError(
            f"wait: {text!r} is neither phases nor a share as 0.75T; correct it"
        ) from None
    if wait < 0:
        raise OptionError(f"wait: {text} is below 0; give 0 or more phases")
    return wait


class _Depths:
    """Spiking layers on the longest path, by what changes them."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.known: dict[str, int] = {}

    def of(self, recipe: Recipe) -> int:
        if recipe.pool not in self.known:
            prepared, _ = prepare(self.graph, pool=recipe.pool)
            before: dict[str, int] = {}
            for node in prepared.nodes:
                deepest = max((before[name] for name in node.inputs), default=0)
                before[node.name] = deepest + is_spiking(node)
            self.known[recipe.pool] = before[prepared.output]
        return self.known[recipe.pool] + (recipe.input_coding == "single")
