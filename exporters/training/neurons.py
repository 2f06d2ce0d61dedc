"""IF, LIF and CUBA neurons as torch modules: `x[T, N, ...] -> spikes[T, N, ...]`.

They hold no weights and keep nothing between calls: every call begins at rest. The equations
stand at the head of `exporters.training.fused`.
"""

from __future__ import annotations

from torch import Tensor, nn

from exporters.training.fused import Equations, spikes
from exporters.training.surrogates import ATan, Surrogate
from onespike_lava.errors import DataError, OptionError

RESETS = ("zero", "subtract")


class Neuron(nn.Module):
    """Integrate, fire, reset, with a filter of the current before it.

    decay         : what remains of the potential after a step, 0..1
    current_decay : what remains of the current, 0..1; 0: it lasts one step
    threshold     : above 0
    reset         : `zero`, or `subtract` the amount
    amount        : of reset by subtraction, above 0; the threshold unless given. `threshold /
                    decay` is what a threshold taken off a step later, behind the leak, comes to
    strict        : fires above the threshold only, not at it
    detach        : no gradient flows through the reset
    surrogate     : of the spike's derivative

    Raises `OptionError` for other values.
    """

    def __init__(
        self,
        decay: float = 1.0,
        current_decay: float = 0.0,
        *,
        threshold: float = 1.0,
        reset: str = "zero",
        amount: float | None = None,
        strict: bool = False,
        detach: bool = True,
        surrogate: Surrogate | None = None,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        for what, value in (("decay", decay), ("current_decay", current_decay)):
            if not 0 <= value <= 1:
                raise OptionError(f"{name}: {what} is {value}; give 0 to 1, what a step leaves")
        if not threshold > 0:
            raise OptionError(f"{name}: threshold is {threshold}; give a positive number")
        if reset not in RESETS:
            raise OptionError(f"{name}: reset is {reset!r}; give one of {', '.join(RESETS)}")
        if amount is not None and (reset != "subtract" or not amount > 0):
            raise OptionError(
                f"{name}: amount is {amount} with reset {reset!r}; give a positive number, of "
                "reset 'subtract'"
            )
        self.decay, self.current_decay = float(decay), float(current_decay)
        self.threshold, self.reset = float(threshold), reset
        self.amount = None if amount is None else float(amount)
        self.strict, self.detach = strict, detach
        self.surrogate = surrogate if surrogate is not None else ATan()

    @property
    def equations(self) -> Equations:
        """What it computes, as its attributes say now."""
        return Equations(
            self.threshold,
            self.decay,
            self.current_decay,
            self.strict,
            self.reset,
            self.detach,
            self.surrogate,
            self.threshold if self.amount is None else self.amount,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Spikes of the synaptic input `x`, both [T, N, ...], 0 or 1 in the type of `x`.

        Raises `DataError` for an input without steps and samples, or of integers.
        """
        checked(self, x)
        return spikes(x, self.equations)

    def extra_repr(self) -> str:
        """What differs from neuron to neuron, for `print`."""
        current = f", current_decay={self.current_decay:g}" if self.current_decay else ""
        amount = "" if self.amount is None else f", amount={self.amount:g}"
        strict = ", strict" if self.strict else ""
        return (
            f"decay={self.decay:g}{current}, threshold={self.threshold:g}, "
            f"reset={self.reset!r}{amount}{strict}, surrogate={self.surrogate}"
        )


class IF(Neuron):
    """Without a leak: `h(t) = v(t-1) + x(t)`. Further options are those of `Neuron`."""

    def __init__(
        self,
        *,
        threshold: float = 1.0,
        reset: str = "zero",
        amount: float | None = None,
        strict: bool = False,
        detach: bool = True,
        surrogate: Surrogate | None = None,
    ) -> None:
        super().__init__(
            1.0,
            threshold=threshold,
            reset=reset,
            amount=amount,
            strict=strict,
            detach=detach,
            surrogate=surrogate,
        )


class LIF(Neuron):
    """With a leak: `h(t) = decay v(t-1) + x(t)`; `decay` is `1 - 1/tau` of a time constant.

    Further options are those of `Neuron`.
    """

    def __init__(
        self,
        decay: float = 0.5,
        *,
        threshold: float = 1.0,
        reset: str = "zero",
        amount: float | None = None,
        strict: bool = False,
        detach: bool = True,
        surrogate: Surrogate | None = None,
    ) -> None:
        super().__init__(
            decay,
            threshold=threshold,
            reset=reset,
            amount=amount,
            strict=strict,
            detach=detach,
            surrogate=surrogate,
        )


class CUBA(Neuron):
    """With a leak and a filter of the current, as Lava's and Loihi's LIF; fires above only.

    Further options are those of `Neuron`.
    """

    def __init__(
        self,
        decay: float = 0.5,
        current_decay: float = 0.5,
        *,
        threshold: float = 1.0,
        reset: str = "zero",
        amount: float | None = None,
        strict: bool = True,
        detach: bool = True,
        surrogate: Surrogate | None = None,
    ) -> None:
        super().__init__(
            decay,
            current_decay,
            threshold=threshold,
            reset=reset,
            amount=amount,
            strict=strict,
            detach=detach,
            surrogate=surrogate,
        )


def checked(module: nn.Module, x: Tensor) -> None:
    """Raise `DataError` unless `x` is [T, N, ...] of real numbers, with a step at least."""
    name = type(module).__name__
    if x.dim() < 2 or not len(x):
        raise DataError(
            f"{name}: input of shape {list(x.shape)}; give [T, N, ...], steps first, then samples"
        )
    if not x.is_floating_point():
        raise DataError(f"{name}: input of {x.dtype}; give real numbers, such as float32")
