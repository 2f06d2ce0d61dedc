"""The normal form of a spiking neuron: what every library's neuron is read as, in float64.

Per sample, steps `t = 1..T`, `I(t)` what arrives::

    u(t) = keep_u * u(t-1) + I(t)                        u(0) = 0
    v(t) = keep_v * v(t-1) + gain * u(t) + drive         v(0) = start
    sends n(t), is reset, then v = max(v, floor)

It sends 1 where v >= threshold (`ge`) or v > threshold (`gt`); with `count` as many spikes as
thresholds fit into v, at most `most` of them; with `none` it never fires. The reset does nothing
(`keep`), makes v 0 where it fired (`zero`), or takes n * amount off (`subtract`); `late_subtract`
and `late_zero` do so one step later: the amount comes off behind the leak, and what arrives in
that step is lost to a potential that is set to 0.

Potentials are measured from the value that the leak goes to, which is also the one that a
reset to a value goes to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RESETS = ("zero", "subtract", "keep", "late_subtract", "late_zero")
"""What a spike does to the potential."""

WORDS = {
    "ge": "fires at v >= threshold",
    "gt": "fires at v > threshold",
    "count": "sends v / threshold spikes",
    "none": "never fires",
    "zero": "is reset to zero",
    "subtract": "is reset by subtraction",
    "keep": "is not reset",
    "late_subtract": "is reset by subtraction one step late",
    "late_zero": "is reset to zero one step late",
}
"""Parts of a form, as messages name them."""

Fire = Callable[["Floats", int], "Floats"]


def _one() -> Floats:
    return np.ones(())


def _zero() -> Floats:
    return np.zeros(())


@dataclass(frozen=True, eq=False)
class Form:
    """The constants of a neuron, or of a layer of them; see the head of this module.

    Numbers are float64, one or as many as a layer has neurons, in any shape that broadcasts to
    the layer's.

    amount : of reset by subtraction, None for the threshold
    floor  : lowest potential after a step, None for none
    most   : spikes of one step at most, of `count`; 0 for any number
    """

    threshold: Any
    keep_u: Any = field(default_factory=_zero)
    keep_v: Any = field(default_factory=_one)
    gain: Any = field(default_factory=_one)
    drive: Any = field(default_factory=_zero)
    start: Any = field(default_factory=_zero)
    amount: Any = None
    floor: Any = None
    fire: str = "ge"
    reset: str = "zero"
    most: int = 0

    def __post_init__(self) -> None:
        """Turn numbers into float64."""
        for each in fields(self):
            value = getattr(self, each.name)
            if value is not None and each.name not in ("fire", "reset", "most"):
                object.__setattr__(self, each.name, np.asarray(value, np.float64))

    @property
    def fires(self) -> bool:
        """Whether it ever does."""
        return self.fire != "none"

    @property
    def filters(self) -> bool:
        """Whether the current has a memory."""
        return bool(self.keep_u.any())

    def __str__(self) -> str:
        """In words, for messages."""
        return f"{WORDS[self.fire]} and {WORDS[self.reset]}" if self.fires else WORDS["none"]

    def normal(self) -> Form:
        """The same spikes without a gain, and with every reset at once.

        Potentials are divided by the gain; what a late subtraction takes off behind the leak is
        the amount over `keep_v` before it.
        """
        gain = self.gain
        taken = self.threshold if self.amount is None else self.amount
        reset, amount = self.reset, self.amount
        if reset == "late_subtract":
            reset, amount = "subtract", taken / self.keep_v
        return replace(
            self,
            threshold=self.threshold / gain,
            gain=_one(),
            drive=self.drive / gain,
            start=self.start / gain,
            amount=None if amount is None else amount / gain,
            floor=None if self.floor is None else self.floor / gain,
            reset=reset,
        )

    def run(self, x: Any, fire: Fire | None = None) -> tuple[Floats, Floats]:
        """Spikes and potentials before the reset, both float64[T, ...], of input [T, ...].

        fire : spikes of a step from its potentials [...] and its number, from 0, instead of the
               form's own
        """
        x = np.asarray(x, np.float64)
        spikes, potentials = np.zeros(x.shape), np.zeros(x.shape)
        u, v = np.zeros(x.shape[1:]), np.broadcast_to(self.start, x.shape[1:])
        taken = self.threshold if self.amount is None else self.amount
        fire = self.spikes_of if fire is None else fire
        n = np.zeros(x.shape[1:])
        for step, arriving in enumerate(x):
            u = self.keep_u * u + arriving
            v = self.keep_v * v + self.gain * u + self.drive
            if self.reset == "late_subtract":
                v = v - taken * n
            elif self.reset == "late_zero":
                v = np.where(n > 0, 0.0, v)
            potentials[step] = v
            n = spikes[step] = fire(v, step)
            if self.reset == "zero":
                v = np.where(n > 0, 0.0, v)
            elif self.reset == "subtract":
                v = v - taken * n
            if self.floor is not None:
                v = np.maximum(v, self.floor)
        return spikes, potentials

    def spikes_of(self, v: Floats, step: int = 0) -> Floats:
        """Spikes of potentials, each alone."""
        if self.fire == "none":
            return np.zeros(v.shape)
        if self.fire == "count":
            found: Floats = np.maximum(np.floor(v / self.threshold), 0.0)
            return np.minimum(found, self.most) if self.most else found
        fires = v > self.threshold if self.fire == "gt" else v >= self.threshold
        return fires.astype(np.float64)

    def numbers(self) -> dict[str, Floats]:
        """Its constants by name, those that there are."""
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in found.items() if isinstance(value, np.ndarray)}

    def settings(self) -> dict[str, Any]:
        """The rest of it."""
        return {"fire": self.fire, "reset": self.reset, "most": self.most}

    @classmethod
    def of(cls, numbers: Mapping[str, Any], settings: Mapping[str, Any]) -> Form:
        """The form of what `numbers` and `settings` gave, other settings left aside."""
        return cls(**numbers, **{key: settings[key] for key in ("fire", "reset", "most")})

    def shaped(self, shape: tuple[int, ...]) -> Form:
        """The form with constants that broadcast to a layer's shape: () or `shape` themselves."""
        wide: dict[str, Any] = {
            name: value if value.ndim == 0 else _to(value, shape)
            for name, value in self.numbers().items()
        }
        return replace(self, **wide)


def _to(value: Floats, shape: tuple[int, ...]) -> Floats:
    """One number where all agree, else as many as neurons, in the layer's shape."""
    if (value == value.flat[0]).all():
        return np.asarray(value.flat[0])
    same = value.size == np.prod(shape, dtype=int)
    return value.reshape(shape) if same else np.broadcast_to(value, shape).copy()
