"""The float twin of an integer network that steps: a torch module that sends the same spikes.

Weights are those of the file times their scale, float64, and are rounded to its grid as they are
used, so that training moves them while the network stays what its integers are (a straight-through
gradient). Potentials are counted in the file's units. Where a leak is exact they are real numbers;
elsewhere they are rounded as the integers are.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  (its name everywhere)
from torch import Tensor, nn

from exporters.stepping.conversion import StepConversion
from exporters.stepping.layers import is_exact
from exporters.stepping.replay import above
from onespike_lava.layers import (
    LAYERS,
    Input,
    MaxPool,
    Readout,
    Registry,
    Spiking,
    Sum,
    Synapse,
    Timed,
    TimedReadout,
    per_neuron,
)
from onespike_lava.layers.timed import ONE
from onespike_lava.network import Network

PARTS: Registry[type[nn.Module]] = Registry("float twin", LAYERS)
"""From a layer's class to the module that stands for it."""

PARTS.refuse(Spiking, Readout)

STEEP = 2.0
"""Of the surrogate derivative `1 / (1 + STEEP |v / threshold - 1|) ** 2` of a spike."""


def twin(converted: StepConversion | Network) -> Twin:
    """The twin of a conversion, or of an integer network that steps."""
    return Twin(converted.network if isinstance(converted, StepConversion) else converted)


class Twin(nn.Module):  # type: ignore[misc]
    """Samples [N, *shape], of events [N, T, *shape], to logits float64[N, outputs].

    Its layers are called as those of the network, with `_` for dots; `trains` gives their spikes.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network, self.names = network, [each.name for each in network.layers]
        self.parts = nn.ModuleList(PARTS.of(each)(network, each) for each in network.layers)
        scale = torch.from_numpy(np.array(network.output_scale, np.float64))
        self.register_buffer("output_scale", scale)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        return self._run(x)[-1].flatten(1) * self.output_scale

    def trains(self, x: Tensor) -> dict[str, Tensor]:
        """What each layer sends, [N, T, *shape]; of the readout the scores."""
        return dict(zip(self.names, self._run(x), strict=True))

    def integers(self) -> Network:
        """The integer network of the weights as they are now.

        Raises `InvalidNetworkError` where training let states grow beyond 24 bits.
        """
        layers: list[Any] = []
        layer: Any
        for layer, part in zip(self.network.layers, self.parts, strict=True):
            synapses = tuple(
                replace(synapse, weight=whole.detach().cpu().numpy().astype(np.int8))
                for synapse, whole in zip(layer.synapses, part.whole(), strict=True)
            )
            layers.append(replace(layer, synapses=synapses) if synapses else layer)
        return replace(self.network, layers=tuple(layers))

    def _run(self, x: Tensor) -> list[Tensor]:
        seen: list[Tensor] = [self.parts[0](x)]
        for part in self.parts[1:]:
            seen.append(part(seen))
        return seen


class Part(nn.Module):  # type: ignore[misc]
    """What stands for one layer."""

    def whole(self) -> list[Tensor]:
        """Its weights as whole numbers, one tensor for each synapse; none unless it has some."""
        return []


@PARTS.add(Input)
class Grid(Part):
    """The input's integers in each step."""

    def __init__(self, network: Network, layer: Input) -> None:
        super().__init__()
        axes = (-1,) + (1,) * (len(layer.shape) - 1)
        self.events, self.steps, self.top = layer.coding == "events", network.phases, layer.bits
        self.register_buffer("low", torch.from_numpy(layer.low.reshape(axes).copy()))
        self.register_buffer("step", torch.from_numpy(layer.step.reshape(axes).copy()))

    def forward(self, x: Tensor) -> Tensor:
        """[N, T, *shape] of samples."""
        integers = ((x.double() - self.low) / self.step).round().clamp(0, 2**self.top - 1)
        return (
            integers if self.events else integers.unsqueeze(1).expand(-1, self.steps, *x.shape[1:])
        )


@PARTS.add(MaxPool)
class Pool(Part):
    """The largest payload of each window."""

    def __init__(self, network: Network, layer: MaxPool) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, seen: list[Tensor]) -> Tensor:
        """[N, T, *shape] of the layers before."""
        x, window = seen[self.layer.source], self.layer.window
        top, left, bottom, right = window.padding
        frames = F.pad(x.flatten(0, 1), (left, right, top, bottom))
        options = (self.layer.kernel, window.stride, 0, window.dilation)
        return F.max_pool2d(frames, *options).unflatten(0, x.shape[:2])


@PARTS.add(Sum)
class Total(Part):
    """Payloads added."""

    def __init__(self, network: Network, layer: Sum) -> None:
        super().__init__()
        self.added = layer.added

    def forward(self, seen: list[Tensor]) -> Tensor:
        """[N, T, *shape] of the layers before."""
        return torch.stack([seen[each] for each in self.added]).sum(0)


@PARTS.add(Timed, TimedReadout)
class Neurons(Part):
    """A layer of timed neurons, of hidden ones or of the readout.

    weights : float64 parameters, one for each synapse, in the source network's values
    """

    def __init__(self, network: Network, layer: Timed | TimedReadout) -> None:
        super().__init__()
        parts, shape = layer.integration, layer.shape
        self.shape, self.bits = shape, parts.fraction_bits
        self.synapses: list[Synapse] = []
        self.take = getattr(layer, "take", None)
        self.group = getattr(layer, "group", 1)
        self.exact, self.rounding = is_exact(layer), parts.rounding
        self.kind, self.count = layer.reset.kind, layer.firing.max_count
        self.limit = layer.spikes_limit(network.phases)
        self.own = network.layers.index(layer)
        unit = np.broadcast_to(np.asarray(layer.scale, np.float64).reshape(-1), shape[:1])
        self.scales, self.weights = [], nn.ParameterList()
        for synapse in layer.synapses:
            assert isinstance(synapse, Synapse)
            self.synapses.append(synapse)
            scale = (unit * 2.0**self.bits).reshape(-1, *[1] * (synapse.weight.ndim - 1))
            self.scales.append(torch.from_numpy(scale))
            self.weights.append(nn.Parameter(torch.from_numpy(synapse.weight * scale)))
        drive = np.zeros(1, np.int32) if parts.drive is None else parts.drive
        base = None if layer.threshold is None else layer.threshold.base
        reset = base if layer.reset.base is None else layer.reset.base
        real: dict[str, Any] = {"bias": parts.bias, "drive": drive, "base": base, "amount": reset}
        real |= {"keep_u": parts.keep_u, "keep_v": parts.keep_v, "floor": layer.firing.floor}
        for name, values in real.items():
            wide = None if values is None else per_neuron(values, shape).astype(np.float64)
            self.register_buffer(name, None if wide is None else torch.from_numpy(wide.copy()))
        if self.exact and self.rounding == "ceil" and base is not None:
            limit = above(per_neuron(base, shape).astype(np.float64))
            self.register_buffer("base", torch.from_numpy(limit))
        table = None if layer.threshold is None else layer.threshold.table
        amounts = table if layer.reset.table is None else layer.reset.table
        tables = {"table": table, "amounts": amounts, "payload": layer.firing.payload}
        for name, found in tables.items():
            row = np.broadcast_to(1 if found is None else found, network.phases)
            self.register_buffer(name, torch.from_numpy(row.astype(np.float64)))

    def forward(self, seen: list[Tensor]) -> Tensor:
        """What is sent [N, T, *shape], of the readout the scores [N, outputs]."""
        pairs = list(zip(self.synapses, self.whole(), strict=True))
        parts = [
            self._current(each, weight, _late(seen[each.source], each))
            for each, weight in pairs
            if each.source != self.own
        ]
        recurs = [pair for pair in pairs if pair[0].source == self.own]
        sent, potentials = self._steps(torch.stack(parts).sum(0), recurs)
        if self.take is None:
            return sent
        takes = {"last": lambda: potentials[:, -1], "sum": lambda: potentials.sum(1)}
        takes["maximum"] = lambda: potentials.amax(1)
        return takes[self.take]().unflatten(1, (-1, self.group)).sum(2)

    def whole(self) -> list[Tensor]:
        """Weights of each synapse in units of their scale."""
        pairs = zip(self.weights, self.scales, strict=True)
        return [_rounded(weight / scale.to(weight.device)) for weight, scale in pairs]

    def _current(self, synapse: Synapse, weight: Tensor, x: Tensor) -> Tensor:
        """What arrives over a synapse, in units of its weights."""
        frames = x.flatten(0, 1)
        if weight.dim() == 2:
            return (frames.flatten(1) @ weight.T).reshape(*x.shape[:2], *self.shape)
        top, left, bottom, right = synapse.window.padding
        padded = F.pad(frames, (left, right, top, bottom))
        options = (None, synapse.window.stride, 0, synapse.window.dilation, synapse.groups)
        return F.conv2d(padded, weight, *options).unflatten(0, x.shape[:2])

    def _steps(
        self, arriving: Tensor, recurs: list[tuple[Synapse, Tensor]]
    ) -> tuple[Tensor, Tensor]:
        u = torch.zeros_like(arriving[:, 0])
        v, fired = u + self.bias, torch.zeros_like(u)
        sent: list[Tensor] = []
        potentials = []
        for step, current in enumerate(arriving.unbind(1)):
            for synapse, weight in recurs if sent else ():
                own = _late(torch.stack(sent, 1), synapse)[:, -1:]
                current = current + self._current(synapse, weight, own)[:, 0]
            u = self._kept(u, self.keep_u) + current * 2**self.bits
            v = self._kept(v, self.keep_v) + u + self.drive
            potentials.append(v)
            n = torch.zeros_like(v)
            if self.base is not None:
                limit = self.base * self.table[step]
                n = _Spike.apply(v, limit, self.count) * (fired < self.limit)
                fired = fired + (n.detach() > 0)
                if self.kind == "zero":
                    v = v * (1 - (n > 0).to(v.dtype))
                elif self.kind == "subtract":
                    v = v - n * self.amount * self.amounts[step]
            v = v if self.floor is None else torch.maximum(v, self.floor)
            sent.append(n * self.payload[step])
        return torch.stack(sent, 1), torch.stack(potentials, 1)

    def _kept(self, state: Tensor, keep: Tensor) -> Tensor:
        product = state * keep / ONE
        if self.exact:
            return product
        to = {"floor": torch.floor, "ceil": torch.ceil, "zero": torch.trunc}[self.rounding]
        return product + (to(product) - product).detach()


def _late(x: Tensor, synapse: Synapse) -> Tensor:
    """A train [N, T, *shape] behind the delays of a synapse's axons."""
    if synapse.delay is None:
        return x
    delays = torch.from_numpy(np.broadcast_to(synapse.delay, x.shape[2:]).copy()).to(x.device)
    found = torch.zeros_like(x)
    for late in delays.unique().tolist():
        moved = torch.cat([torch.zeros_like(x[:, :late]), x[:, : max(len(x[0]) - late, 0)]], 1)
        found = torch.where(delays == late, moved, found)
    return found


def _rounded(values: Tensor) -> Tensor:
    """Whole numbers of int8, with the gradient of the values themselves."""
    return values + (values.round().clamp(-128, 127) - values).detach()


class _Spike(torch.autograd.Function):  # type: ignore[misc]
    """Spikes of a step, and a surrogate in the place of their derivative."""

    @staticmethod
    def forward(ctx: Any, v: Tensor, limit: Tensor, count: int) -> Tensor:
        """1 where the limit is reached; with counts as often as it fits in."""
        ctx.save_for_backward(v, limit)
        if count > 1:
            return torch.floor(v / limit).clamp(0, count)
        return (v >= limit).to(v.dtype)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        """The gradient of `v`."""
        v, limit = ctx.saved_tensors
        far = STEEP * (v / limit - 1).abs()
        return gradient / limit / (1 + far) ** 2, None, None
