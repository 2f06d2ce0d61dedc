"""The source network as a teacher: its logits beside those of the integers (Hinton et al. 2015).

Labels of samples that the source network was trained on tell little of what coding lost, since it
knows most of them by heart; its logits tell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, kl_div

from exporters.finetuning.twin import OneSpike
from exporters.frontends.read import read
from exporters.training.measures import evaluated
from onespike_lava.errors import DataError
from onespike_lava.layers import Input

CLOSE = 1e-2
"""Share of their spread by which a module's outputs may be off the graph's logits."""

PREFIX = "twin."


@dataclass(frozen=True)
class Teacher:
    """A source network: integers of the input grid [N, *shape] to its logits float32[N, outputs].

    digest : of the graph that was read of it
    """

    logits: Callable[[Tensor], Tensor]
    digest: str

    def __call__(self, x: Tensor) -> Tensor:
        """Its logits."""
        return self.logits(x)


class Taught(nn.Module):  # type: ignore[misc]
    """A twin beside its teacher: integers [N, *shape] to logits of both [N, 2, outputs]."""

    def __init__(self, twin: OneSpike, teacher: Teacher) -> None:
        super().__init__()
        self.twin, self.teacher = twin, teacher

    def forward(self, x: Tensor) -> Tensor:
        """The twin's logits, then the teacher's."""
        return torch.stack([self.twin(x), self.teacher(x)], 1)


def learnt(out: Tensor) -> Tensor:
    """The twin's of both logits."""
    return out[:, 0]


def divergence(out: Tensor, labels: Tensor) -> Tensor:
    """Of the twin's distribution from the teacher's, in nats; labels do not count."""
    own, other = out.unbind(1)
    return kl_div(own.log_softmax(1), other.softmax(1), reduction="batchmean")


def both(out: Tensor, labels: Tensor) -> Tensor:
    """Half of the divergence and half of the labels' cross-entropy, in nats."""
    return (divergence(out, labels) + cross_entropy(out[:, 0], labels)) / 2


LOSSES = {"source": divergence, "both": both}
"""What is learnt beside a teacher -> the loss of both logits and the labels."""


def own(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The twin's weights among those of a `Taught`."""
    return {name.removeprefix(PREFIX): each for name, each in weights.items()}


def teacher_of(
    model: Any, entry: Input, x: Tensor, outputs: int, output: str | None = None
) -> Teacher:
    """A source network for integers of the input grid.

    x       : some such integers, of which a torch module shows whether its outputs are the logits;
              where they are not (a softmax at its end, say), the graph that was read of it is
              evaluated
    outputs : of the network that learns
    output  : which of several outputs of the model

    Raises `DataError` for a network of another number of outputs.
    """
    graph = read(model, entry.sample_shape(0), output)

    def slow(given: Tensor) -> Tensor:
        found = graph.evaluate(real(entry, given).numpy())
        return torch.from_numpy(found.reshape(len(found), -1))

    expected = slow(x)
    if expected.shape[1] != outputs:
        raise DataError(
            f"teacher: it has {expected.shape[1]} outputs, the network {outputs}; give the "
            "network's own source"
        )
    digest = graph.digest()
    if output is not None or not isinstance(model, nn.Module):
        return Teacher(slow, digest)

    def quick(given: Tensor) -> Tensor:
        with evaluated(model):
            found = model(real(entry, given))
        return found.flatten(1) if isinstance(found, Tensor) else torch.empty(0)

    try:
        found = quick(x)
    except RuntimeError:  # of samples that it knows in a shape of fewer axes
        return Teacher(slow, digest)
    near = found.shape == expected.shape and bool(
        (found - expected).abs().max() <= CLOSE * expected.std()
    )
    return Teacher(quick if near else slow, digest)


def real(entry: Input, x: Tensor) -> Tensor:
    """Integers of the grid [N, *shape] as the source network takes them, float32[N, *sample]."""
    axes = (-1,) + (1,) * (len(entry.shape) - 1)
    low, step = (
        torch.from_numpy(np.array(each, np.float32).reshape(axes))
        for each in (entry.low, entry.step)
    )
    values = x.float() * step + low
    if not entry.sample:
        return values
    moved = values.reshape(len(x), *(entry.sample[axis] for axis in entry.axes))
    back = np.argsort(entry.axes)
    return moved.permute(0, *(int(axis) + 1 for axis in back)).contiguous()
