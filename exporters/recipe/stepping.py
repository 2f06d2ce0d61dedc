"""The options of a conversion of a network that steps, checked once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from exporters.recipe.declaration import PAIR, WHOLE, option, options
from onespike_lava.errors import OptionError
from onespike_lava.limits import INPUT_BITS_MAX, STEPS_MAX
from onespike_lava.system.names import meant

SPIKING = "Networks with spiking modules"
"""The group of their options in the help."""


@dataclass(frozen=True)
class StepRecipe:
    """How a network whose neurons step is converted.

    steps    : `T`; None where the network itself has its steps, or samples do
    preset   : `exact`, the spikes of real arithmetic where the leak allows it; `lava`, stock
               neurons of Lava and Loihi 2
    readout  : of an output with all steps: `mean` unless given, `sum`, `last` or `max`
    rounding : of weights to int8, as in `exporters.recipe.options.Options`
    input_bits, input_range : of the input's grid, the same; of events the bits of a payload

    Raises `OptionError` for a value outside its range.
    """

    steps: int | None = option(
        None,
        WHOLE,
        metavar="T",
        help="Steps of a sample.  [default: as the network or the samples have them]",
        group=SPIKING,
        axis=None,
    )
    preset: str = option(
        "exact",
        choices=("exact", "lava"),
        open=True,
        help="exact: the spikes of real arithmetic where the leak allows it. lava: neurons that "
        "Lava and Loihi 2 have.  [default: exact]",
        group=SPIKING,
        provenance="preset",
        axis=None,
    )
    readout: str | None = option(
        None,
        choices=("mean", "sum", "last", "max"),
        open=True,
        help="What becomes of outputs that have all steps.  [default: mean]",
        group=SPIKING,
        axis=None,
    )
    rounding: str = option("least", choices=("nearest", "least"), provenance="rounding")
    input_bits: int | None = option(None, WHOLE)
    input_range: tuple[float, float] | None = option(None, PAIR)

    def __post_init__(self) -> None:
        """Check every option."""
        for each in options(type(self)):
            value = getattr(self, each.name)
            if each.choices and value not in (*each.choices, each.default):
                raise OptionError(
                    f"{each.name}: {value!r} is not one of {', '.join(each.choices)}; choose one "
                    "of these"
                )
            whole = hasattr(value, "__index__") and not isinstance(value, bool)
            if each.kind is WHOLE and value is not None and not whole:
                raise OptionError(f"{each.name}: {value!r} is not a whole number; give one")
        if self.steps is not None and not 1 <= self.steps <= STEPS_MAX:
            raise OptionError(
                f"steps: {self.steps} is outside 1..{STEPS_MAX}; give a number within"
            )
        if self.input_bits is not None and not 1 <= self.input_bits <= INPUT_BITS_MAX:
            raise OptionError(
                f"input_bits: {self.input_bits} is outside 1..{INPUT_BITS_MAX}; use fewer"
            )
        if self.input_range is not None:
            from exporters.recipe.recipe import check_range  # NumPy, which --help goes without

            found = check_range(self.input_range, self.input_bits or INPUT_BITS_MAX)
            object.__setattr__(self, "input_range", found)


STEP_OPTIONS = options(StepRecipe)
"""All of them."""

OWN = STEP_OPTIONS[:3]
"""Those that networks without spiking modules do not have."""


def step_recipe_of(given: Mapping[str, Any]) -> StepRecipe:
    """The recipe of a caller's keywords; `OptionError` for one that is no option of it."""
    known = [each.name for each in fields(StepRecipe)]
    for name in given:
        if name not in known:
            way = meant(name, known) or f"; the options are {', '.join(known)}"
            raise OptionError(f"{name}: no option of a network with spiking modules{way}")
    return StepRecipe(**given)
