"""Options of a recipe on the command line, as `exporters.recipe.options` declares them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import click

from exporters.recipe.declaration import PAIR, SWITCH, WHOLE, Option
from exporters.recipe.options import ACCURACY
from exporters.recipe.options import PAPER as OF_PAPER
from onespike_lava.cli import options
from onespike_lava.errors import OptionError

F = TypeVar("F", bound=Callable[..., Any])

GRID = "Grid: lists of values, all combinations of which are measured"

PAPER = options.option(
    "--paper",
    is_flag=True,
    help="The options of the paper where they are not given: "
    f"{', '.join(f'{name} {value}' for name, value in OF_PAPER.items())}.",
    group=ACCURACY,
)


def declared(among: Iterable[Option]) -> Callable[[F], F]:
    """Options of a command that takes one value of each."""
    return _stacked([_option(each) for each in among])


def axes(among: Sequence[Option]) -> Callable[[F], F]:
    """Options of a command that takes lists, numbers before words."""
    found = [each for each in among if each.axis_help is not None]
    return _stacked(
        [
            options.option(
                f"--{each.name.replace('_', '-')}",
                metavar="A,B,...",
                help=each.axis_help,
                group=GRID,
            )
            for each in sorted(found, key=lambda each: bool(each.choices))
        ]
    )


def given(among: Iterable[Option], values: Mapping[str, Any]) -> dict[str, Any]:
    """What the recipe takes of the values of `declared` options; those not given are left out."""
    found = {each.name: _value(each, values[each.name]) for each in among}
    return {name: value for name, value in found.items() if value is not None}


def is_given(context: click.Context, name: str) -> bool:
    """Whether the command line names the option, not its default."""
    return context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


def refused(among: Iterable[Option], values: dict[str, Any], why: str) -> None:
    """Take out options that do not apply; `OptionError` for one that is given all the same."""
    for each in among:
        if values.pop(each.name) is not None:
            raise OptionError(f"{each.long.removeprefix('--')}: {why}; leave it out")


def grid(among: Iterable[Option], values: Mapping[str, str | None]) -> dict[str, list[Any]]:
    """The values of each axis that was given, `8,12,16`; `OptionError`."""
    return {
        each.name: each.values(text)
        for each in among
        if (text := values.get(each.name)) is not None
    }


def _stacked(decorators: Sequence[Callable[[Any], Any]]) -> Callable[[F], F]:
    def decorate(command: F) -> F:
        for each in reversed(decorators):
            command = each(command)
        return command

    return decorate


def _option(each: Option) -> Callable[[F], F]:
    told: dict[str, Any] = {"help": each.help or None, "metavar": each.metavar}
    told["group"] = each.group
    if each.kind is SWITCH:
        return options.option(each.long, each.name, is_flag=True, **told)
    if each.kind.per_layer:
        return options.option(each.long, each.name, multiple=True, **told)
    if each.choices:
        told["type"] = click.Choice(list(each.choices))
    elif each.kind is WHOLE:
        told["type"] = int
    if each.default is not None and not each.open:
        told |= {"default": each.default, "show_default": True}
    return options.option(each.long, each.name, **told)


def _value(each: Option, value: Any) -> Any:
    """The option's value for what the command line has read."""
    name = each.long.removeprefix("--")
    if each.kind is SWITCH:
        return not value
    if each.kind is PAIR:
        return options.interval(name, value)
    if each.kind.per_layer:
        return dict(_of_layer(name, text, each) for text in value)
    return value


def _of_layer(name: str, text: str, each: Option) -> tuple[str, Any]:
    layer, _, value = text.rpartition("=")
    try:
        return layer, each.kind.read(value)
    except ValueError:
        raise OptionError(
            f"{name}: {text!r} is not LAYER=NUMBER; give a layer's name and a number"
        ) from None
