"""Time folded into the batch, a static input repeated, spike-element-wise joins.

Convolutions, linear layers and batch norms see `[T * N, ...]`, so that a batch norm has one set
of statistics for all steps, and folds into the weights as in a network without time.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from onespike_lava.errors import DataError, OptionError


class Folded(nn.Sequential):
    """Modules that know no time, in turn: `[T, N, ...] -> [T, N, ...]`, steps as samples."""

    def forward(self, x: Tensor) -> Tensor:
        """What the modules make of `x[T, N, ...]`, step by step the same."""
        return super().forward(x.flatten(0, 1)).unflatten(0, x.shape[:2])


class Repeat(nn.Module):
    """A static input in every step: `[N, ...] -> [T, N, ...]`, without a copy."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        if steps < 1:
            raise OptionError(f"Repeat: {steps} steps; give 1 or more")
        self.steps = steps

    def forward(self, x: Tensor) -> Tensor:
        """`x` in every step."""
        return x.expand(self.steps, *x.shape)

    def extra_repr(self) -> str:
        """The steps, for `print`."""
        return f"steps={self.steps}"


JOINS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "ADD": torch.add,
    "AND": torch.mul,
    "IAND": lambda identity, branch: identity * (1 - branch),
}
"""Name -> what a join makes of the identity S and the branch A: A + S, A S, S (1 - A)."""


class Join(nn.Module):
    """A spike-element-wise join (SEW) of an identity S and a branch A, in this order.

    ADD : A + S, as many spikes as it says: integers of 0 and more
    AND : A S
    IAND: S (1 - A); the identity is what is multiplied, or a silent branch would not pass it
    """

    def __init__(self, join: str = "ADD") -> None:
        super().__init__()
        if join not in JOINS:
            raise OptionError(f"Join: {join!r}; give one of {', '.join(JOINS)}")
        self.join = join

    def forward(self, identity: Tensor, branch: Tensor) -> Tensor:
        """Both joined; of equal shapes, or `DataError`."""
        if identity.shape != branch.shape:
            raise DataError(
                f"Join: identity of shape {list(identity.shape)}, branch of "
                f"{list(branch.shape)}; bring the identity to the branch's shape"
            )
        return JOINS[self.join](identity, branch)

    def extra_repr(self) -> str:
        """The join, for `print`."""
        return repr(self.join)
