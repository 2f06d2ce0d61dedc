"""The options of a conversion as keywords of a function, named for editors and notebooks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import Parameter, signature
from types import MappingProxyType
from typing import Any, TypedDict, TypeVar

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
    input_bits: int | None
    input_range: tuple[float, float] | None
    input_coding: str
    pool: str


def with_options(defaults: Mapping[str, Any] = NOTHING) -> Callable[[Function], Function]:
    """A decorator that shows each option, with its default, in the signature of a function.

    defaults : of the function, where they are not the recipe's
    """
    types = Keywords.__annotations__

    def named(function: Function) -> Function:
        shown = signature(function)
        own = [each for each in shown.parameters.values() if each.kind != Parameter.VAR_KEYWORD]
        more = [
            Parameter(
                each.name,
                Parameter.KEYWORD_ONLY,
                default=defaults.get(each.name, each.default),
                annotation=_text(types[each.name]),
            )
            for each in OPTIONS
            if each.name not in shown.parameters
        ]
        function.__signature__ = shown.replace(parameters=[*own, *more])  # type: ignore[attr-defined]
        return function

    return named


def _text(annotation: Any) -> str:
    return getattr(annotation, "__forward_arg__", str(annotation))
