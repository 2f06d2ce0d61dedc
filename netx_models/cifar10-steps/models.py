"""A small spiking network for CIFAR-10, as users of SpikingJelly write it.

It needs SpikingJelly: `onespike export models.py:jelly_cifar10 --weights jelly_cifar10.safetensors
--calibration DATA/calibration.npz -o jelly_cifar10.net`, in an environment that has it.
"""

from __future__ import annotations

import torch
from torch import nn

STEPS = 4
CHANNELS = (32, 64, 128, 128)


def jelly_cifar10() -> nn.Module:
    """LIF of SpikingJelly's defaults, the first convolution once, max pools of spikes."""
    from spikingjelly.activation_based import functional, layer, neuron, surrogate

    def lif() -> nn.Module:
        return neuron.LIFNode(surrogate_function=surrogate.ATan(), detach_reset=True)

    def block(inputs: int, outputs: int, stride: int = 1) -> list[nn.Module]:
        conv = layer.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        return [conv, layer.BatchNorm2d(outputs), lif()]

    first, second, third, fourth = CHANNELS

    class Direct(nn.Module):
        """The image's current in every step; the mean of what the last layer gives."""

        def __init__(self) -> None:
            super().__init__()
            self.static = nn.Sequential(
                nn.Conv2d(3, first, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(first)
            )
            self.body = nn.Sequential(
                lif(),
                *block(first, second),
                layer.MaxPool2d(2, 2),
                *block(second, third),
                layer.MaxPool2d(2, 2),
                *block(third, fourth),
                layer.Flatten(),
                layer.Linear(16 * fourth, 10),
            )
            functional.set_step_mode(self.body, "m")

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            current = self.static(x).unsqueeze(0).repeat(STEPS, 1, 1, 1, 1)
            return self.body(current).mean(0)

    return Direct()
