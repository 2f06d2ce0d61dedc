"""A bounded fan-in: the largest weights of a neuron remain, and make up for the others.

The weights that remain are moved so that potentials change least on some samples, in closed form
(ridge regression; for one weight at a time Hassibi and Stork 1993); it spares training most of the
way back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from exporters.calibration import moments
from exporters.calibration.moments import INPUTS_MAX, ROWS_BYTES, ROWS_PER_WEIGHT
from exporters.calibration.regression import PLACES, RIDGE, ROWS, ROWS_WANTED
from exporters.finetuning.sums import Sums, Weights
from onespike_lava.errors import warn
from onespike_lava.network import Network

Floats = NDArray[np.float64]

SAMPLES, VALUES = 500, 2**26
"""Samples that are seen at most, and what all layers may send for them."""

SYSTEMS = 2**23
"""Entries of the linear systems that are solved at a time."""


def few_of(network: Network, x: Tensor) -> Tensor:
    """As many of the samples as the regression takes; evenly, since classes may be sorted."""
    sent = sum(int(np.prod(layer.shape)) for layer in network.layers)
    most = max(1, min(SAMPLES, VALUES // sent))
    return x[:: -(-len(x) // most)]


def keep_largest(sums: Sums, fan_in: int, seen: Sequence[Tensor] | None = None) -> int:
    """Prune all but the largest weights of each neuron; returns the most synapses that one has.

    Those of skips and pools stay, and one of what is trained, so that these may be more.

    seen : what each layer before sends for some samples, float32[N, *shape], by which the weights
           that stay make up for those that do not; None leaves them as they are
    """
    with torch.no_grad():
        fixed = [part for part in sums.parts if part.fixed]
        trained = [part for part in sums.parts if not part.fixed]
        held = sum(int((part.real() != 0).flatten(1).sum(1).max()) for part in fixed)
        if not trained:
            return held
        left = fan_in - held
        rows = torch.cat([part.real().flatten(1) for part in trained], 1)
        if rows.shape[1] <= left:
            return held + rows.shape[1]
        order = rows.abs().argsort(dim=1, descending=True, stable=True)[:, : max(1, left)]
        if seen is not None:
            make_up(sums, trained, rows, order, seen)
        kept = torch.zeros_like(rows, dtype=torch.bool).scatter_(1, order, True)
        for part, mask in zip(trained, kept.split(_widths(trained), 1), strict=True):
            part.mask.copy_(part.mask & mask.reshape(part.mask.shape))
        return held + max(1, left)


def tell(most: dict[str, int], fan_in: int) -> None:
    """Warn of layers whose neurons have more synapses than they were to have."""
    if most:
        counts = ", ".join(f"{name} ({count})" for name, count in list(most.items())[:5])
        warn(
            f"finetune: neurons of {counts} have more than {fan_in} synapses, for those of skips "
            "and pools stay; give a larger fan-in, or a network without such layers"
        )


def make_up(
    sums: Sums, parts: Sequence[Weights], rows: Tensor, order: Tensor, seen: Sequence[Tensor]
) -> None:
    """Let the weights that stay, and the bias, give what all gave, by least squares.

    parts : the synapses of which some weights stay
    rows  : their weights side by side, float32[O, K]
    order : the places that stay, int64[O, F]
    """
    known = _moments(sums, parts, seen)
    if known is None:
        return
    weights, kept = rows.double().numpy(), order.numpy()
    shifts = np.zeros(len(rows))
    outputs = len(rows) // len(known.mean)
    size = max(1, SYSTEMS // kept.shape[1] ** 2)
    for group, (mean, covariance) in enumerate(zip(known.mean, known.covariance, strict=True)):
        ridge = RIDGE * np.trace(covariance) / len(covariance) + 1e-12
        for first in range(group * outputs, (group + 1) * outputs, size):
            some = slice(first, min(first + size, (group + 1) * outputs))
            own = kept[some]
            change = -weights[some]
            np.put_along_axis(change, own, 0.0, 1)
            lacking = np.take_along_axis(change @ -covariance, own, 1)
            system = covariance[own[:, :, None], own[:, None]] + ridge * np.eye(own.shape[1])
            made_up = np.linalg.solve(system, lacking[:, :, None])[:, :, 0]
            np.put_along_axis(change, own, made_up, 1)
            weights[some] += change
            shifts[some] = change @ mean
    sums.bias -= torch.from_numpy(shifts).float() / sums.grain
    found = torch.from_numpy(weights).float()
    for part, each in zip(parts, found.split(_widths(parts), 1), strict=True):
        part.set(each.reshape(part.share.shape))


def _widths(parts: Sequence[Weights]) -> list[int]:
    return [part.share[0].numel() for part in parts]


def _moments(
    sums: Sums, parts: Sequence[Weights], seen: Sequence[Tensor]
) -> moments.Moments | None:
    """Of what an output reads by these synapses; None where too few samples tell that."""
    width = sum(_widths(parts))
    kinds = {(part.synapse.groups, part.share.dim()) for part in parts}
    if len(kinds) > 1 or width > INPUTS_MAX:
        return None
    groups, axes = kinds.pop()
    views = [_view(part, _values(sums, part, seen)) for part in parts]
    places = _places(views[0].shape, axes, width)
    if len(places[0]) < ROWS_PER_WEIGHT * width:
        return None
    found: moments.Sums | None = None
    size = max(1, ROWS_BYTES // (8 * width * groups))
    for first in range(0, len(places[0]), size):
        sample, *place = (each[first : first + size] for each in places)
        at: tuple[Any, ...] = (sample, slice(None), *place)
        read = [view[at] for view in views]
        flat = [each.reshape(len(each), groups, -1) for each in read]
        rows = np.concatenate(flat, 2).transpose(1, 0, 2).astype(np.float64)
        found = found or moments.Sums(rows[:, :1].copy())
        found.add(rows)
    return None if found is None else found.moments


def _values(sums: Sums, part: Weights, seen: Sequence[Tensor]) -> NDArray[np.float32]:
    """What a synapse's source sends, [N, *shape]; of an input its values in steps of its grid."""
    low = sums.low(list(sums.parts).index(part))
    sent = seen[part.synapse.source]
    return (sent if low is None else sent + low.float()).numpy()


def _view(part: Weights, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """What an output reads: [N, K], of a convolution [N, C, rows, columns, *kernel]."""
    if part.share.dim() == 2:
        return values.reshape(len(values), -1)
    return part.synapse.window.view(values, tuple(part.share.shape[2:]))


def _places(shape: Sequence[int], axes: int, width: int) -> tuple[NDArray[np.int64], ...]:
    """Samples, and of convolutions rows and columns, whose outputs are taken."""
    if axes == 2:
        return (np.arange(shape[0]),)
    wanted = max(ROWS, ROWS_WANTED * width)
    count = min(wanted, shape[0] * min(PLACES, shape[2] * shape[3]))
    random = np.random.default_rng(0)
    return tuple(random.integers(0, size, count) for size in (shape[0], *shape[2:4]))
