"""How samples of a wrong shape can be brought into the one that a network takes."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from onespike_lava.layers import Shape

Sizes = Sequence[int | None]
"""Sizes of one sample, (C, H, W), (C, L) or (F,); None where any will do."""


def fits(found: Shape, wanted: Sizes) -> bool:
    """Whether samples of shape `found` are of these sizes."""
    return len(found) == len(wanted) and all(
        want in (None, have) for have, want in zip(found, wanted, strict=True)
    )


def listed(sizes: Sizes) -> str:
    """Sizes as messages show them, the batch in front: `[N, 3, H, W]`."""
    row = len(sizes) == 3 and sizes[1] == 1
    letters = "C1L" if row else {3: "CHW", 2: "CL", 1: "F"}.get(len(sizes), "?" * len(sizes))
    pairs = zip(letters, sizes, strict=True)
    return f"[{', '.join(['N', *(each if size is None else str(size) for each, size in pairs)])}]"


def way_out(found: Shape, wanted: Sizes) -> str:
    """What to do with an array `x` of shape [N, *found] where `wanted` sizes are taken."""
    for expression, shape in _rearranged(found):
        if fits(shape, wanted):
            return f"give {expression}"
    known = None not in wanted and prod(found) == prod(int(size or 0) for size in wanted)
    if len(wanted) == 1 and (known or wanted[0] is None):
        return "give x.reshape(len(x), -1)"
    if known and len(found) == 1:
        return f"give x.reshape(len(x), {', '.join(map(str, wanted))})"
    if len(found) == len(wanted) - 1:
        return "an axis is missing, of one sample alone that of samples, x[None]"
    return "give samples as the model was trained on"


def _rearranged(found: Shape) -> list[tuple[str, Shape]]:
    """Expressions of an array `x` of such samples, and the shapes of theirs."""
    if len(found) == 4 and found[0] == 1:
        return [("x[:, 0]", found[1:]), ("x[:, 0].transpose(0, 3, 1, 2)", (found[3], *found[1:3]))]
    if len(found) == 3:
        first = ("x.transpose(0, 3, 1, 2), channels first", (found[2], *found[:2]))
        return [first, ("x[:, :, 0]", found[::2])] if found[1] == 1 else [first]
    if len(found) == 2:
        return [
            ("x[:, None]", (1, *found)),
            ("x[:, :, None]", (found[0], 1, found[1])),
            ("x.transpose(0, 2, 1), channels first", (found[1], found[0])),
            ("x.transpose(0, 2, 1)[:, :, None], channels first", (found[1], 1, found[0])),
        ]
    return []
