"""SEW ResNet (Fang et al. 2021), its rivals, and what they are made of.

A block of two 3x3 convolutions, each with a batch norm, `A = SN(BN(conv(SN(BN(conv(S))))))`, and
what it does with its input S:

    SEW      : join(S, A) of `exporters.training.layers.Join`
    spiking  : SN(BN(conv(SN(BN(conv(S))))) + S), the residual block of ANNs, neurons for ReLUs
    plain    : A
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from exporters.training.layers import JOINS, Folded, Join, Repeat
from exporters.training.neurons import IF
from onespike_lava.errors import OptionError

Make = Callable[[], nn.Module]
"""Makes a neuron; each layer has its own."""

KINDS = (*JOINS, "spiking", "plain")


class Block(nn.Module):
    """Two convolutions and what they are joined with.

    kind   : `ADD`, `AND`, `IAND`, `spiking` or `plain`
    inputs : channels that come; outputs: channels that go
    stride : of the first convolution; a block that changes the shape brings S to it by a 1x1
             convolution with a batch norm, and neurons of its own in SEW
    zero   : the last batch norm begins with weights of 0 (for AND with biases at the threshold
             of 1), so that a block of a join, or a spiking one, begins as the identity
    """

    def __init__(
        self,
        kind: str,
        inputs: int,
        outputs: int,
        stride: int = 1,
        neuron: Make = IF,
        zero: bool = True,
    ) -> None:
        super().__init__()
        if kind not in KINDS:
            raise OptionError(f"Block: kind is {kind!r}; give one of {', '.join(KINDS)}")
        self.kind = kind
        self.first = Folded(convolution(inputs, outputs, 3, stride), nn.BatchNorm2d(outputs))
        self.spikes1 = neuron()
        self.second = Folded(convolution(outputs, outputs, 3), nn.BatchNorm2d(outputs))
        self.spikes2 = neuron()
        self.join = Join(kind) if kind in JOINS else None
        self.identity: nn.Module | None = None
        if kind != "plain":
            self.identity = nn.Identity()
            if stride != 1 or inputs != outputs:
                self.identity = Folded(
                    convolution(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs)
                )
                if self.join is not None:
                    self.identity = nn.Sequential(self.identity, neuron())
            if zero:
                nn.init.zeros_(self.second[1].weight)
                nn.init.constant_(self.second[1].bias, float(kind == "AND"))

    def forward(self, x: Tensor) -> Tensor:
        """`x[T, N, inputs, H, W] -> [T, N, outputs, H', W']`: spikes, or their sums after ADD."""
        branch = self.second(self.spikes1(self.first(x)))
        if self.identity is None:
            return self.spikes2(branch)
        if self.join is None:
            return self.spikes2(branch + self.identity(x))
        return self.join(self.identity(x), self.spikes2(branch))


class ResNet(nn.Module):
    """Residual network over `steps` steps, of `6 n + 2` layers where there are three widths.

    The first convolution sees the static image once, and its neurons the same current in every
    step. A stage of `n` blocks follows for each width, which begins with its stride; then means
    over the plane, in `pool * pool` parts, and over the steps, and a linear layer.
    """

    def __init__(
        self,
        kind: str = "ADD",
        depth: int = 20,
        *,
        widths: Sequence[int] = (16, 32, 64),
        strides: Sequence[int] = (1, 2, 2),
        pool: int = 1,
        inputs: int = 3,
        classes: int = 10,
        steps: int = 4,
        neuron: Make = IF,
        zero: bool = True,
    ) -> None:
        super().__init__()
        every = 2 * len(widths)
        if depth < 2 + every or (depth - 2) % every:
            raise OptionError(
                f"ResNet: depth is {depth}; give {every} n + 2, such as {every * 3 + 2}"
            )
        self.stem = nn.Sequential(
            convolution(inputs, widths[0], 3), nn.BatchNorm2d(widths[0]), Repeat(steps), neuron()
        )
        blocks, before = [], widths[0]
        for width, stride in zip(widths, strides, strict=True):
            for place in range((depth - 2) // (2 * len(widths))):
                step = 1 if place else stride
                blocks.append(Block(kind, before, width, step, neuron, zero))
                before = width
        self.blocks = nn.Sequential(*blocks)
        self.pool = Folded(nn.AdaptiveAvgPool2d(pool), nn.Flatten())
        self.head = nn.Linear(before * pool**2, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Scores [N, classes] of images [N, C, H, W]."""
        return self.head(self.pool(self.blocks(self.stem(x))).mean(0))


def convolution(inputs: int, outputs: int, size: int, stride: int = 1) -> nn.Conv2d:
    """Square, padded to keep the plane, without bias; normal weights (He et al. 2015, fan out)."""
    made = nn.Conv2d(inputs, outputs, size, stride, padding=size // 2, bias=False)
    nn.init.kaiming_normal_(made.weight, mode="fan_out", nonlinearity="relu")
    return made
