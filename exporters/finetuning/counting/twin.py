"""A network of spike counts as a torch module: the integers of its file, forward bit for bit.

Layers up to one of them spike: forward they send the trains that every engine has, of whole weights
and biases; backward they are the ReLUs of the counts that they read, straight through what was
rounded (a hybrid layer). Layers behind are these ReLUs forward too, with weights as they are
trained. Both count in spikes, so that nothing else changes where a layer begins to spike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  (its name everywhere)
from torch import Tensor, nn

from exporters.finetuning.counting.checks import check_network, require
from exporters.finetuning.counting.firing import fire
from exporters.finetuning.counting.recoding import at_once, spread
from exporters.finetuning.sums import Sums, Weights, through
from exporters.finetuning.twin import Twin, low_of, narrow, regrain
from onespike_lava.connectivity import connections
from onespike_lava.layers import (
    LAYERS,
    Input,
    Layer,
    MaxPool,
    Readout,
    Registry,
    Spiking,
    Sum,
    Threshold,
    Timed,
    TimedReadout,
)
from onespike_lava.limits import WEIGHT_MAX
from onespike_lava.network import Network

PARTS: Registry[type[nn.Module]] = Registry("fine-tuning of spike counts", LAYERS)
"""From a layer's class to the module that stands for it."""

PARTS.refuse(Spiking, Readout, Sum)


@dataclass(frozen=True)
class Sent:
    """What a layer has sent.

    counts : float32[N, *shape], of the input its integers
    trains : [S, N, *shape], what it sent in each of the first S steps; None where none is known
    """

    counts: Tensor
    trains: Tensor | None


Observe = Callable[[int, Tensor], None]


class Counting(Twin):
    """Integers of the input grid [N, *shape] to logits float32[N, outputs].

    network : of spike counts: neurons with soft reset and no leak, an image that enters in step 1
    limit   : largest whole weight of what is trained
    reach   : position of the last layer that spikes; all unless set

    Raises `UnsupportedError` for another network.
    """

    def __init__(self, network: Network, limit: int = WEIGHT_MAX) -> None:
        check_network(network)
        super().__init__(network)
        self.parts.extend(PARTS.of(layer)(network, layer, limit) for layer in network.layers)
        self.reach = len(network.layers) - 1
        self.told: set[str] = set()  # layers whose fan-in is known to be too large

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        return self.logits({0: entered(x)})

    def logits(self, known: Mapping[int, Sent], first: int = 1) -> Tensor:
        """Logits of what layers before `first` are known to have sent."""
        found: Tensor = self.scores(known, first) * self.parts[-1].scale.float()
        return found

    def scores(self, known: Mapping[int, Sent], first: int = 1) -> Tensor:
        """Scores float32[N, outputs], whole numbers where all layers spike.

        known : position -> what that layer sent, all that is read of those before `first`
        """
        return self.sent(known, len(self.parts) - 1, first)[-1].counts.flatten(1)

    def sent(
        self,
        known: Mapping[int, Sent],
        until: int,
        first: int = 1,
        observe: Observe | None = None,
    ) -> list[Sent]:
        """What all layers up to a position have sent; of those before `first` what is known.

        observe : sees the position of each layer of neurons that is computed, and the counts
                  float32[N, *shape] that its ReLUs have, beyond `T` too
        """
        nothing = Sent(torch.empty(0), None)
        seen = [known.get(position, nothing) for position in range(first)]
        for position in range(first, until + 1):
            values, found = self.parts[position](seen, self.spikes(position))
            if observe is not None and values is not None:
                observe(position, values)
            seen.append(found)
        return seen

    def spikes(self, position: int) -> bool:
        """Whether a layer spikes; a pool hands on what its source sends."""
        passes = self.network.layers[position].passes
        return self.spikes(passes[0]) if passes else position <= self.reach


def entered(x: Tensor) -> Sent:
    """An image's integers, which enter in step 1."""
    counts = x.float()
    if x.dim() == 4:
        counts = counts.contiguous(memory_format=torch.channels_last)
    return Sent(counts, counts[None])


class Part(nn.Module):  # type: ignore[misc]
    """What stands for one layer."""

    sums: Sums

    def forward(self, seen: list[Sent], spikes: bool) -> tuple[Tensor | None, Sent]:
        """Counts that ReLUs have, None without neurons; and what is sent."""
        raise NotImplementedError

    def integers(self, layer: Any) -> Layer:
        """The layer with the integers as they are now."""
        return layer


@PARTS.add(Input)
class Entry(Part):
    """The input: its integers as they are."""

    def __init__(self, network: Network, layer: Input, limit: int) -> None:
        super().__init__()


@PARTS.add(MaxPool)
class Pool(Part):
    """Whether any neuron of a window spikes, in each step; of ReLUs the largest count."""

    def __init__(self, network: Network, layer: MaxPool, limit: int) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, seen: list[Sent], spikes: bool) -> tuple[Tensor | None, Sent]:
        """No counts of its own."""
        source = seen[self.layer.source]
        values = self._largest(source.counts)
        if not spikes:
            return None, Sent(values, None)
        assert source.trains is not None
        frames = self._largest(source.trains.flatten(0, 1).float())
        trains = frames.unflatten(0, source.trains.shape[:2])
        return None, Sent(through(values, trains.sum(0)), trains.to(source.trains.dtype))

    def _largest(self, x: Tensor) -> Tensor:
        window = self.layer.window
        top, left, bottom, right = window.padding
        padded = F.pad(x, (left, right, top, bottom))
        return F.max_pool2d(padded, self.layer.kernel, window.stride, 0, window.dilation)


@PARTS.add(Timed)
class Neurons(Part):
    """Integrate-and-fire neurons.

    base  : thresholds float32[C]
    scale : float64[C], one unit of potential in the source network's values
    """

    def __init__(self, network: Network, layer: Timed, limit: int) -> None:
        super().__init__()
        self.steps, self.at_once = network.phases, at_once(layer)
        reset, firing, table = layer.reset, layer.firing, layer.threshold.table
        plain = reset.kind == "subtract" and reset.base is None and reset.table is None
        plain &= firing.floor is None and not firing.max_spikes and firing.max_count == 1
        plain &= bool((firing.payload == 1).all() and (table == 1).all())
        plain &= layer.threshold.base.ndim == 1
        require(layer, self.steps, plain, "its neurons are reset otherwise")
        self.sums = sums_of(network, layer, limit)
        wide = np.broadcast_to(layer.threshold.base.reshape(-1), layer.shape[:1])
        self.register_buffer("base", torch.from_numpy(wide.astype(np.float32)))
        scale = np.broadcast_to(np.asarray(layer.scale, np.float64).reshape(-1), layer.shape[:1])
        self.register_buffer("scale", torch.from_numpy(scale.copy()))
        self.regrained()

    def forward(self, seen: list[Sent], spikes: bool) -> tuple[Tensor | None, Sent]:
        """Counts of ReLUs, and spikes where they spike."""
        weights, bias = self.sums.straight() if spikes else self.sums.real()
        potential = self.sums.summed(weights, bias, [each.counts for each in seen])
        values = F.relu(potential / self.base.view(-1, *[1] * (potential.dim() - 2)))
        if not spikes:
            return values, Sent(values, None)
        with torch.no_grad():
            arriving, own = self._arriving(weights, seen), bias.detach()
            trains = fire(arriving, self.base, own, self.steps, self.at_once)
            counts = trains.sum(0, dtype=torch.float32)
        return values, Sent(through(values, counts), trains)

    def _arriving(self, weights: list[Tensor], seen: list[Sent]) -> Tensor:
        """What arrives in each step in which anything does, float32[S, N, *shape]."""
        found: list[Tensor] = []
        for part, weight in zip(self.sums.parts, weights, strict=True):
            trains = seen[part.synapse.source].trains
            assert trains is not None
            frames = part.sum(weight.detach(), trains.flatten(0, 1).float())
            found.append(frames.unflatten(0, trains.shape[:2]))
        total = max(found, key=len)
        for each in found:
            if each is not total:
                total[: len(each)] += each
        return total

    def regrained(self) -> None:
        """Count biases in the potential of a count of `T`, without changing them."""
        regrain(self.sums, self.base * self.steps)

    def integers(self, layer: Timed) -> Layer:
        """Weights, biases, thresholds."""
        weights, bias = self.sums.whole()
        return replace(
            layer,
            synapses=self.sums.synapses(weights),
            integration=spread(narrow(bias), self.steps, self.at_once),
            threshold=Threshold(self.base.numpy().astype(np.int32)),
            scale=self.scale.numpy().copy(),
        )


@PARTS.add(TimedReadout)
class Scores(Part):
    """Output neurons, which only add up: their scores are those of counts."""

    def __init__(self, network: Network, layer: TimedReadout, limit: int) -> None:
        super().__init__()
        self.steps = network.phases
        plain = layer.take == "last" and layer.group == 1 and layer.threshold is None
        require(layer, self.steps, plain, "its scores are no last potentials")
        self.sums = sums_of(network, layer, limit)
        self.register_buffer("scale", torch.tensor(float(layer.scale), dtype=torch.float64))
        regrain(self.sums, (1.0 / self.scale).float().clamp(min=1.0).expand(layer.shape[0]))

    def forward(self, seen: list[Sent], spikes: bool) -> tuple[Tensor | None, Sent]:
        """The scores."""
        weights, bias = self.sums.straight() if spikes else self.sums.real()
        potential = self.sums.summed(weights, bias, [each.counts for each in seen])
        return None, Sent(potential, None)

    def integers(self, layer: TimedReadout) -> Layer:
        """Weights, biases and scale."""
        weights, bias = self.sums.whole()
        integration = spread(narrow(bias), self.steps, at_once(layer))
        scale = float(self.scale)
        return replace(
            layer, synapses=self.sums.synapses(weights), integration=integration, scale=scale
        )


def sums_of(network: Network, layer: Timed | TimedReadout, limit: int) -> Sums:
    """What a layer's neurons sum over all steps."""
    parts, low = [], []
    for synapse, trained in connections(network, layer):
        parts.append(Weights(synapse, trained, network.code(synapse.source).most, limit))
        low.append(low_of(network) if synapse.source == 0 else None)
    integration = layer.integration
    drive = 0 if integration.drive is None else integration.drive * network.phases
    bias = torch.from_numpy(np.asarray(integration.bias + drive, np.int32))
    return Sums(parts, bias, low, len(layer.shape), spare=network.phases)
