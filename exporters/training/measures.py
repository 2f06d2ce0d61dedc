"""By which factor a plain layer changes the gradient, and how often neurons fire."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from exporters.training.layers import Folded
from exporters.training.neurons import Neuron
from exporters.training.residual import convolution
from onespike_lava.errors import OptionError, warn

LEAST, MOST = 1.0, 1.4
"""Plain networks of 10 to 20 layers were seen to train between these, if at all."""

DEEP = 10
"""Layers from which the factor decides."""


def gain(
    neuron: Callable[[], nn.Module],
    steps: int = 4,
    layers: int = 20,
    *,
    channels: int = 8,
    size: int = 8,
    batch: int = 16,
    batch_norm: bool = True,
    seed: int = 0,
) -> float:
    """Geometric mean of the factor of a layer, conv - batch norm - neuron, on drawn weights.

    neuron   : makes the neuron, such as `lambda: LIF(0.8, surrogate=SuperSpike.of(2))`
    channels, size, batch : of the plain network, `layers` deep, that is measured: drawn images
               [batch, channels, size, size] are its current in each of `steps` steps

    A gradient drawn at its end goes back to its start; the factor is that of the norms at the
    inputs of the second layer and of the last. 0 where it vanishes. A factor within `LEAST` and
    `MOST` is needed, not sufficient: shape and optimiser decide too; beyond 20 layers join
    residually instead. Warns where 10 layers or more have another. Raises `OptionError` for fewer
    than 3 layers.
    """
    if layers < 3:
        raise OptionError(f"gain: {layers} layers; give 3 or more, the ends are left out")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        x = torch.randn(batch, channels, size, size).expand(steps, -1, -1, -1, -1)
        inputs: list[Tensor] = []
        for _ in range(layers):
            x = x.detach().requires_grad_() if not inputs else x
            x.retain_grad()
            inputs.append(x)
            parts = [convolution(channels, channels, 3)]
            if batch_norm:
                parts.append(nn.BatchNorm2d(channels))
            x = neuron()(Folded(*parts)(x))
        x.backward(torch.randn(x.shape))
    first, last = (each.grad.norm().item() for each in (inputs[1], inputs[-1]))
    found = (first / last) ** (1 / (layers - 2)) if first and last else 0.0
    if layers >= DEEP and not (LEAST <= found <= MOST):
        warn(
            f"gain: {found:.2f} for each of {layers} plain layers, outside {LEAST} to {MOST}; "
            "widen or narrow the surrogate, or join layers residually"
        )
    return found


@dataclass(frozen=True)
class Rate:
    """Of the neurons of one module: how many there are, and what they fire per sample."""

    neurons: int
    spikes: float
    largest: float

    @property
    def per_neuron(self) -> float:
        """Spikes per neuron and sample."""
        return self.spikes / self.neurons


@contextmanager
def evaluated(model: nn.Module) -> Iterator[None]:
    """The model in evaluation mode, without gradients; each module's own mode comes back."""
    modes = [(each, each.training) for each in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for each, mode in modes:
            each.training = mode


def rates(model: nn.Module, batches: Iterable[Tensor]) -> dict[str, Rate]:
    """Name of each module of neurons -> its rate over all samples.

    batches : inputs of the model, sample by sample along their first axis

    A module that is called more than once counts once for each call. The model is evaluated as
    it stands, in evaluation mode, and left in the mode it had.
    """
    counts: dict[str, list[float]] = {}
    handles = []
    for name, module in model.named_modules():
        if isinstance(module, Neuron):
            counts[name] = [0.0, 0.0, 0.0]
            handles.append(module.register_forward_hook(_counter(counts[name])))
    samples = 0
    try:
        with evaluated(model):
            for x in batches:
                model(x)
                samples += len(x)
    finally:
        for handle in handles:
            handle.remove()
    return {
        name: Rate(int(neurons / samples), spikes / samples, largest)
        for name, (neurons, spikes, largest) in counts.items()
        if neurons
    }


def mean(found: dict[str, Rate]) -> float:
    """Spikes per neuron and sample of a whole network; 0 without neurons."""
    neurons = sum(rate.neurons for rate in found.values())
    return sum(rate.spikes for rate in found.values()) / neurons if neurons else 0.0


def _counter(count: list[float]) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
    def note(module: nn.Module, given: tuple[Tensor, ...], out: Tensor) -> None:
        count[0] += out[0].numel()
        count[1] += float(out.sum(dtype=torch.float64))
        count[2] = max(count[2], float(out.max()))

    return note
