"""What layers that stay as they are send, computed once for all samples and kept in bytes.

Trains are needed only where a layer that spikes reads them: a bit for each step. Layers behind
read counts, a byte for each neuron. The logits of a teacher stand beside, so that images are needed
no more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

import numpy as np
import torch
from torch import Tensor, nn

from exporters.finetuning.counting.twin import Counting, Sent, entered
from exporters.finetuning.refit import BATCH
from exporters.training.measures import evaluated
from onespike_lava.layers import Shape

MOST = 2**30
"""Most bytes of all samples; beyond, layers are computed anew for each batch."""

Logits = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Kept:
    """What is kept of one layer.

    steps : bits of a train in so many steps; 0 for counts, or the input's integers
    """

    position: int
    shape: Shape
    steps: int

    @property
    def size(self) -> int:
        """Bytes of one sample."""
        return prod(self.shape) * max(1, -(-self.steps // 8))


class Behind(nn.Module):  # type: ignore[misc]
    """The layers from one on, of samples as `pack` gives them: logits [N, outputs].

    first   : the first layer that is computed
    teacher : of images; logits are then [N, 2, outputs], the twin's and the teacher's
    held    : what is kept of layers before; None where samples are images: augmented ones, of which
              nothing can be kept, or such that fill too much memory
    """

    def __init__(self, twin: Counting, first: int, teacher: Logits | None, augmented: bool) -> None:
        super().__init__()
        self.twin, self.first, self.teacher = twin, first, teacher
        self.outputs = prod(twin.network.readout.shape)
        self.held: tuple[Kept, ...] | None = None if augmented else needed(twin, first)

    @property
    def size(self) -> int:
        """Bytes of one sample."""
        logits = 0 if self.teacher is None else 4 * self.outputs
        return sum(each.size for each in self.held or ()) + logits

    def packed(self, x: Tensor) -> Tensor:
        """Samples of images uint8[N, *shape]: bytes uint8[N, size], or the images themselves."""
        if self.held is None or self.size * len(x) > MOST:
            self.held = None
            return x
        found = torch.empty((len(x), self.size), dtype=torch.uint8)
        with evaluated(self.twin):
            for start in range(0, len(x), BATCH):
                part = x[start : start + BATCH]
                found[start : start + BATCH] = self._bytes(part)
        return found

    def _bytes(self, x: Tensor) -> Tensor:
        held = self.held or ()
        sent = self.twin.sent({0: entered(x)}, max(each.position for each in held))
        parts = [_packed(each, sent[each.position]) for each in held]
        if self.teacher is not None:
            parts.append(self.teacher(x).float().contiguous().view(torch.uint8))
        return torch.cat(parts, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        if self.held is None:
            own = self.twin(x)
            return own if self.teacher is None else torch.stack([own, self.teacher(x)], 1)
        known: dict[int, Sent] = {}
        start = 0
        for each in self.held:
            known[each.position] = _sent(each, x[:, start : start + each.size])
            start += each.size
        own = self.twin.logits(known, self.first)
        if self.teacher is None:
            return own
        return torch.stack([own, x[:, start:].contiguous().view(torch.float32)], 1)


def needed(twin: Counting, first: int) -> tuple[Kept, ...]:
    """What the layers from `first` on need of those before."""
    layers = twin.network.layers
    trains, counts = set[int](), set[int]()
    for at in range(len(layers) - 1, first - 1, -1):
        spikes = twin.spikes(at) and at < len(layers) - 1  # the readout adds counts up
        for source in layers[at].sources:
            (trains if spikes else counts).add(source)
    found = []
    for at in sorted(each for each in trains | counts if each < first):
        steps = twin.network.phases if at in trains and at else 0
        found.append(Kept(at, layers[at].shape, steps))
    return tuple(found)


def _packed(kept: Kept, sent: Sent) -> Tensor:
    if not kept.steps:
        return sent.counts.to(torch.uint8).reshape(len(sent.counts), -1)
    assert sent.trains is not None
    bits = np.packbits(sent.trains.numpy(), axis=0, bitorder="little")  # [bytes, N, *shape]
    return torch.from_numpy(np.moveaxis(bits, 0, 1).reshape(bits.shape[1], -1))


def _sent(kept: Kept, values: Tensor) -> Sent:
    if not kept.position:
        return entered(values.reshape(-1, *kept.shape))
    if not kept.steps:
        counts = entered(values.reshape(-1, *kept.shape)).counts
        return Sent(counts, None)
    bits = np.moveaxis(values.numpy().reshape(len(values), -1, *kept.shape), 1, 0)
    whole = np.unpackbits(bits, axis=0, count=kept.steps, bitorder="little")
    trains = torch.from_numpy(whole)
    if trains.dim() == 5:
        flat = trains.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        trains = flat.unflatten(0, trains.shape[:2])
    return Sent(trains.sum(0, dtype=torch.float32), trains)
