"""Small spiking networks for digits, as users of SpikingJelly and snnTorch write them.

Each factory needs its library: `onespike export models.py:jelly_lif --weights jelly_lif.safetensors
--calibration DATA/calibration.npz -o jelly_lif.net`, in an environment that has it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

STEPS = 8
CHANNELS = (16, 32)


def jelly_lif() -> nn.Module:
    """SpikingJelly: LIF of its defaults (tau 2, reset to zero), all steps at once."""
    return _jelly()


def jelly_if() -> nn.Module:
    """SpikingJelly: IF that its threshold is taken off."""
    from spikingjelly.activation_based import neuron, surrogate

    options = {"v_reset": None, "surrogate_function": surrogate.ATan(), "detach_reset": True}
    return _jelly(lambda: neuron.IFNode(**options))


def torch_leaky() -> nn.Module:
    """snnTorch: Leaky of its defaults (its threshold is taken off a step later), beta 0.9."""
    return _SnnTorch(0.9)


def torch_if() -> nn.Module:
    """snnTorch: Leaky without a leak."""
    return _SnnTorch(1.0)


FACTORIES = {each.__name__: each for each in (jelly_lif, jelly_if, torch_leaky, torch_if)}


def _jelly(make: Any = None) -> nn.Module:
    from spikingjelly.activation_based import functional, layer, neuron, surrogate

    options = {"surrogate_function": surrogate.ATan(), "detach_reset": True}
    make = make or (lambda: neuron.LIFNode(**options))
    first, second = CHANNELS

    class Repeated(nn.Module):
        """The image in every step; the mean of what the last neurons send."""

        def __init__(self) -> None:
            super().__init__()
            self.net = nn.Sequential(
                layer.Conv2d(1, first, 3, padding=1, bias=False),
                layer.BatchNorm2d(first),
                make(),
                layer.AvgPool2d(2, 2),
                layer.Conv2d(first, second, 3, padding=1, bias=False),
                layer.BatchNorm2d(second),
                make(),
                layer.AvgPool2d(2, 2),
                layer.Flatten(),
                layer.Linear(4 * second, 10),
                make(),
            )
            functional.set_step_mode(self, "m")

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.net(x.unsqueeze(0).repeat(STEPS, 1, 1, 1, 1)).mean(0)

    return Repeated()


class _SnnTorch(nn.Module):
    """A loop over steps, states by hand; the mean of what the last neurons send."""

    def __init__(self, beta: float) -> None:
        super().__init__()
        import snntorch

        first, second = CHANNELS
        self.conv1 = nn.Conv2d(1, first, 3, padding=1, bias=False)
        self.bn1, self.lif1 = nn.BatchNorm2d(first), snntorch.Leaky(beta)
        self.conv2 = nn.Conv2d(first, second, 3, padding=1, bias=False)
        self.bn2, self.lif2 = nn.BatchNorm2d(second), snntorch.Leaky(beta)
        self.pool = nn.AvgPool2d(2)
        self.fc, self.lif3 = nn.Linear(4 * second, 10), snntorch.Leaky(beta)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mem1, mem2, mem3 = (each.reset_mem() for each in (self.lif1, self.lif2, self.lif3))
        sent = []
        for _ in range(STEPS):
            spikes, mem1 = self.lif1(self.bn1(self.conv1(x)), mem1)
            spikes, mem2 = self.lif2(self.bn2(self.conv2(self.pool(spikes))), mem2)
            spikes, mem3 = self.lif3(self.fc(self.pool(spikes).flatten(1)), mem3)
            sent.append(spikes)
        return torch.stack(sent).mean(0)
