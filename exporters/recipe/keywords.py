"""The options of a conversion as keywords of a function, named for editors and notebooks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter, signature
from types import MappingProxyType
from typing import Any, TypedDict, TypeVar

from exporters.recipe.declaration import Option
from exporters.recipe.options import OPTIONS

Function = TypeVar("Function", bound=Callable[..., Any])

NOTHING: Mapping[str, Any] = MappingProxyType({})


class Keywords(TypedDict, total=False):
    """What may be given: the options of `exporters.recipe.options.Options`, with their types."""

    phases: int
    base: float | str
    bases: Mapping[str, float]
    max_spikes: int
    spikes: Mapping[str, int]
    wait: int | None
    payload_bits: int
    weighting: str
    normalisation: str
    scale: str
    levels: str
    correct: str
    rounding: str
    shift: bool
    double: str
    input_bits: int | None
    input_range: tuple[float, float] | None
    input_coding: str
    pool: str


class Axes(TypedDict, total=False):
    """The same where an option may have several values: a list or tuple is an axis of a grid.

    Waits have a name of their own there, and pairs and mappings are one value.
    """

    phases: int | Sequence[int]
    base: float | str | Sequence[float | str]
    bases: Mapping[str, float]
    max_spikes: int | Sequence[int]
    spikes: Mapping[str, int]
    payload_bits: int | Sequence[int]
    weighting: str | Sequence[str]
    normalisation: str | Sequence[str]
    scale: str | Sequence[str]
    levels: str | Sequence[str]
    correct: str | Sequence[str]
    rounding: str | Sequence[str]
    shift: bool | Sequence[bool]
    double: str | Sequence[str]
    input_bits: int | Sequence[int | None] | None
    input_range: tuple[float, float] | None
    input_coding: str | Sequence[str]
    pool: str | Sequence[str]


class StepKeywords(TypedDict, total=False):
    """The options of `exporters.recipe.stepping.StepRecipe`, with their types."""

    steps: int | None
    preset: str
    readout: str | None
    rounding: str
    input_bits: int | None
    input_range: tuple[float, float] | None


def with_options(
    defaults: Mapping[str, Any] = NOTHING,
    options: Sequence[Option] = OPTIONS,
    types: type = Keywords,
) -> Callable[[Function], Function]:
    """A decorator that shows each option, with its default, in the signature of a function.

    defaults : of the function, where they are not the recipe's
    options  : all of them
    types    : the class above that has their types
    """

    def named(function: Function) -> Function:
        shown = signature(function)
        own = [each for each in shown.parameters.values() if each.kind != Parameter.VAR_KEYWORD]
        more = [
            Parameter(
                each.name,
                Parameter.KEYWORD_ONLY,
                default=defaults.get(each.name, each.default),
                annotation=_text(types.__annotations__[each.name]),
            )
            for each in options
            if each.name not in shown.parameters
        ]
        function.__signature__ = shown.replace(parameters=[*own, *more])  # type: ignore[attr-defined]
        return function

    return named


def _text(annotation: Any) -> str:
    return getattr(annotation, "__forward_arg__", str(annotation))
