"""The options of a conversion, checked once."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from exporters.recipe.declaration import WHOLE, options
from exporters.recipe.options import Options
from onespike_lava import coding
from onespike_lava.errors import OptionError
from onespike_lava.limits import GROWTH_EXPONENT, INPUT_BITS_MAX, PAYLOAD_BITS_MAX
from onespike_lava.model import checked_wait
from onespike_lava.system.names import meant


@dataclass(frozen=True)
class Recipe(Options):
    """Options, checked: how a network is converted.

    The options are those of `exporters.recipe.options.Options`. Raises `OptionError` for a
    value outside its range.
    """

    def __post_init__(self) -> None:
        """Check every option and replace None by what it stands for."""
        declared = [(each, getattr(self, each.name)) for each in options(type(self))]
        for each, value in declared:
            if each.choices and value not in each.choices:
                raise OptionError(
                    f"{each.name}: {value!r} is not one of {', '.join(each.choices)}; choose one "
                    "of these"
                )
        for each, value in declared:
            if each.kind is WHOLE and not (value is None and each.default is None):
                self._whole(each.name, value)
        coding.check_code(self.phases, 2.0)
        self._check_bits()
        self._check_layers()
        self._check_spikes()
        self._check_base()
        self._set("levels", self._levels())
        self._check_double()
        self._set("wait", self.phases if self.wait is None else self.wait)
        self._set("input_bits", self._input_bits())
        checked_wait(self.waiting, self.phases, "recipe")
        if self.input_range is not None:
            self._set("input_range", check_range(self.input_range, self.bits))
        for base in (self.q, *self.bases.values()):
            coding.payload_table(self.phases, base, self.payload_bits)
            self._check_growth(base)

    @property
    def q(self) -> float:
        """The base of a layer that has none of its own and sends one spike."""
        return self._base(1)

    def base_of(self, layer: str) -> float:
        """The base of a layer's code; the minimum of Eq. 5 depends on how often it spikes."""
        return self.bases.get(layer, self._base(self.max_spikes_of(layer)))

    def max_spikes_of(self, layer: str) -> int:
        """Spikes that a neuron of the layer may send in a sample."""
        return self.spikes.get(layer, self.max_spikes)

    @property
    def counts(self) -> bool:
        """Whether codes come from all activations, not from the largest alone."""
        return self.normalisation != "max" or self.levels == "data"

    def check_layers(self, layers: Iterable[str], *others: str) -> None:
        """Raise `OptionError` for options of layers that are not there.

        layers : names of those with neurons
        others : what else may have options of its own
        """
        names = list(layers)
        for each in options(type(self)):
            given = getattr(self, each.name) if each.kind.per_layer else ()
            if unknown := set(given) - {*names, *others}:
                raise OptionError(
                    f"{each.name}: no layer {', '.join(sorted(unknown))}; the layers are "
                    f"{', '.join(names)}"
                )

    @property
    def waiting(self) -> int:
        """`T_w` as a number."""
        return self.phases if self.wait is None else self.wait

    @property
    def bits(self) -> int:
        """`T_in` as a number."""
        assert self.input_bits is not None
        return self.input_bits

    def _levels(self) -> str:
        geometric = self.weighting == "membrane" or not self.shift
        if self.levels == "data" and geometric:
            raise OptionError(
                "levels: 'data' needs graded weighting and the threshold shift; use 'base'"
            )
        if self.levels == "auto":
            return "base" if geometric or self.base != "auto" else "data"
        return self.levels

    def _base(self, max_spikes: int) -> float:
        if self.base != "auto":
            return float(self.base)
        bits, shift = self.payload_bits, self.shift
        return coding.best_base(self.phases, bits=bits, shift=shift, max_spikes=max_spikes)

    def _check_bits(self) -> None:
        if not 1 <= self.payload_bits <= PAYLOAD_BITS_MAX:
            raise OptionError(
                f"payload_bits: {self.payload_bits} is outside 1..{PAYLOAD_BITS_MAX}; 8 is the "
                "default"
            )

    def _check_base(self) -> None:
        automatic = isinstance(self.base, str) and self.base == "auto"
        if not automatic and _number(self.base) is None:
            raise OptionError(f"base: {self.base!r} is neither auto nor a number; give one of both")

    def _check_layers(self) -> None:
        """Options of layers are dictionaries, bases in them numbers."""
        for name in ("bases", "spikes"):
            given = getattr(self, name)
            if not isinstance(given, Mapping) or not all(isinstance(each, str) for each in given):
                raise OptionError(
                    f"{name}: {given!r} does not map layers to numbers; give a dictionary"
                )
        for layer, base in self.bases.items():
            if isinstance(base, str) or _number(base) is None:
                raise OptionError(
                    f"bases: {base!r} of {layer} is no number; give one above 1 and up to 2"
                )

    def _check_growth(self, base: float) -> None:
        one = 2**GROWTH_EXPONENT
        if self.weighting == "membrane" and round(base * one) == one:
            raise OptionError(
                f"base: {base:g} rounds to 1 in the {GROWTH_EXPONENT} bits of membrane weighting; "
                f"use at least {1 + 1 / one:.5f}, or graded weighting"
            )

    def _check_spikes(self) -> None:
        for name, most in (("max_spikes", self.max_spikes), *self.spikes.items()):
            self._whole(name, most)
            if not 1 <= most <= self.phases:
                raise OptionError(
                    f"{name}: {most} spikes are outside 1..{self.phases}, the phases; give a "
                    "number within"
                )
            if most > 1 and self.weighting == "membrane":
                raise OptionError(
                    f"{name}: {most} spikes need graded weighting; use that, or one spike"
                )

    def _check_double(self) -> None:
        """Two neurons share a code that is fitted, of one spike each."""
        several = max([self.max_spikes, *self.spikes.values()]) > 1
        if self.double != "none" and (self.levels != "data" or several):
            raise OptionError(
                f"double: {self.double!r} needs levels fitted to data and one spike for each "
                "neuron; leave out levels, base, shift, weighting, several spikes, or give 'none'"
            )

    def _input_bits(self) -> int:
        most = min(INPUT_BITS_MAX, self.phases)
        bits = most if self.input_bits is None else self.input_bits
        if not 1 <= bits <= most:
            raise OptionError(f"input_bits: {bits} is outside 1..{most}; use fewer or more phases")
        return bits

    def _whole(self, name: str, value: object) -> None:
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise OptionError(f"{name}: {value!r} is not a whole number; give one")

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)


def recipe_of(options: Mapping[str, Any]) -> Recipe:
    """The recipe of a caller's keywords; `OptionError` also for one that is no option."""
    check_names(options)
    return Recipe(**options)


def check_names(names: Iterable[str]) -> None:
    """Raise `OptionError` for a name that is no option of a conversion."""
    known = [each.name for each in fields(Recipe)]
    for name in names:
        if name not in known:
            way = meant(name, known) or f"; the options are {', '.join(known)}"
            raise OptionError(f"{name}: no option of a conversion{way}")


def check_range(given: Any, bits: int) -> tuple[float, float]:
    """The limits of an input's grid of `2**bits` integers; `OptionError` where they are none."""
    limits = [] if isinstance(given, str) or not isinstance(given, Iterable) else list(given)
    numbers = [_number(each) for each in limits]
    if len(numbers) != 2 or None in numbers:
        raise OptionError(f"input_range: {given!r} is not two numbers; give the lowest and highest")
    low, high = (float(each) for each in limits)
    if not math.isfinite(low) or not math.isfinite(high):
        raise OptionError(f"input_range: {low:g} to {high:g} is not finite; give finite numbers")
    if not low < high:
        raise OptionError(f"input_range: low {low:g} is not below high {high:g}; swap them")
    step = (high - low) / (2**bits - 1)
    least = max(sys.float_info.min, math.ulp(low), math.ulp(high))
    if not least <= step < math.inf:
        raise OptionError(
            f"input_range: {low!r} to {high!r} in steps of {step:g} is beyond float64; scale the "
            "samples so that it is not"
        )
    return low, high


def _number(value: Any) -> float | None:
    """A value as a float; None where it is none."""
    try:
        return None if isinstance(value, np.ndarray) else float(value)
    except (TypeError, ValueError, OverflowError):
        return None
