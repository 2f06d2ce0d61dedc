"""A one-spike network as a torch module: the integers of its file, forward bit for bit.

A layer's potential is what every engine has at the end of a sample, so the wait is `T_w = T`; with
a shorter one neurons decide earlier, which training does not see.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  (its name everywhere)
from torch import Tensor, nn

from exporters.finetuning.sending import lookup, send
from exporters.finetuning.sums import Sums, Weights
from exporters.recipe.provenance import FINETUNED
from onespike_lava.connectivity import TRAINED, connections, is_fixed, path
from onespike_lava.errors import UnsupportedError
from onespike_lava.layers import (
    LAYERS,
    Input,
    Layer,
    MaxPool,
    Readout,
    Registry,
    Spiking,
    Sum,
    Timed,
    TimedReadout,
)
from onespike_lava.limits import WEIGHT_MAX
from onespike_lava.network import Network

PARTS: Registry[type[nn.Module]] = Registry("one-spike fine-tuning", LAYERS)
"""From a layer's class to the module that stands for it."""

PARTS.refuse(Timed, Sum, TimedReadout)

Observe = Callable[[int, Tensor], None]


class Twin(nn.Module):  # type: ignore[misc]
    """An integer network, and in `parts` a module for each of its layers."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        self.parts = nn.ModuleList()

    def weight_called(self, name: str) -> str:
        """What the file calls the weights of a parameter: their layer, and which of its synapses.

        name : `parts.3.sums.parts.0.share`
        """
        _, position, _, _, number, _ = name.split(".")
        layer = self.network.layers[int(position)]
        several = len(layer.synapses)
        return layer.name + (f" ({int(number) + 1} of {several})" if several > 1 else "")

    def integers(self, told: str, rewired: bool = False) -> Network:
        """The integer network of the weights as they are now.

        told    : for its provenance, how it was trained
        rewired : whether trained weights of 0 are synapses that died
        """
        layers: list[Layer] = []
        known = {**dict(self.network.provenance), FINETUNED: told}
        known.pop("self_check", None)  # it is the conversion's
        trained: list[str] = []
        for position, (layer, part) in enumerate(zip(self.network.layers, self.parts, strict=True)):
            for each in part.sums.parts if hasattr(part, "sums") else ():
                each.rewired = rewired and not each.fixed
            layers.append(part.integers(layer))
            for number, synapse in enumerate(layers[-1].synapses):
                if not part.sums.parts[number].fixed and is_fixed(synapse):
                    trained.append(path(position, number))
        known.pop(TRAINED, None)
        known |= {TRAINED: ", ".join(trained)} if trained else {}
        provenance = tuple(sorted(known.items()))
        return replace(self.network, layers=tuple(layers), provenance=provenance)


class OneSpike(Twin):
    """Integers of the input grid [N, *shape] to logits float32[N, outputs].

    network : in graded weighting, of one spike a neuron
    limit   : largest whole weight of what is trained

    Raises `UnsupportedError` for another network. `parts` has a module for each layer.
    """

    def __init__(self, network: Network, limit: int = WEIGHT_MAX) -> None:
        check_network(network)
        super().__init__(network)
        self.parts.extend(PARTS.of(layer)(network, layer, limit) for layer in network.layers)
        outputs = np.arange(prod(network.readout.shape))[None]
        order = torch.from_numpy(network.readout.placed(outputs)[0])
        moved = bool((order.diff() != 1).any())  # of a plane in blocks
        self.register_buffer("order", order if moved else None, persistent=False)

    def forward(self, x: Tensor, observe: Observe | None = None) -> Tensor:
        """Logits; `observe` sees the position and potentials of each layer that sums."""
        return self.scores(x, observe) * self.parts[-1].scale.float()

    def scores(self, x: Tensor, observe: Observe | None = None) -> Tensor:
        """Scores of the file, whole numbers float32[N, outputs]."""
        seen: list[Tensor] = [x.float()]
        if x.dim() == 4:
            seen = [seen[0].contiguous(memory_format=torch.channels_last)]
        for position, part in enumerate(self.parts):
            if position:
                potential, sent = part(seen)
                if observe is not None and potential is not None:
                    observe(position, potential)
                seen.append(sent)
        flat = seen[-1].flatten(1)
        return flat if self.order is None else flat[:, self.order]


def check_network(network: Network) -> None:
    """`UnsupportedError` for a network that is none of one-spike neurons in graded weighting."""
    if network.steps or network.weighting != "graded":
        what = "steps" if network.steps else "weighs phases in its potentials"
        raise UnsupportedError(
            f"finetune: the network {what}; give one of one-spike neurons in graded weighting, or "
            "of spike counts as `onespike finetune --code count` writes them"
        )
    several = [layer.name for layer in network.hidden if layer.max_spikes > 1]
    if several:
        raise UnsupportedError(
            f"{several[0]}: sends several spikes; fine-tuning is for one spike, convert the "
            "network without --max-spikes"
        )


class Part(nn.Module):  # type: ignore[misc]
    """What stands for one layer: potentials, None without neurons, and what is sent."""

    sums: Sums

    def forward(self, seen: list[Tensor]) -> tuple[Tensor | None, Tensor]:
        """Of what the layers before have sent."""
        raise NotImplementedError

    def integers(self, layer: Any) -> Layer:
        """The layer with the integers as they are now."""
        found: Layer = layer
        return found


@PARTS.add(Input)
class Entry(Part):
    """The input: its integers as they are."""

    def __init__(self, network: Network, layer: Input, limit: int) -> None:
        super().__init__()


@PARTS.add(MaxPool)
class Pool(Part):
    """The largest payload of each window, that of the first spike."""

    def __init__(self, network: Network, layer: MaxPool, limit: int) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, seen: list[Tensor]) -> tuple[Tensor | None, Tensor]:
        """No potential."""
        window = self.layer.window
        top, left, bottom, right = window.padding
        x = F.pad(seen[self.layer.source], (left, right, top, bottom))
        return None, F.max_pool2d(x, self.layer.kernel, window.stride, 0, window.dilation)


@PARTS.add(Spiking)
class Neurons(Part):
    """One-spike neurons.

    base   : `h`, float32[C]
    scale  : float64[C], one unit of potential in the source network's values
    levels : what is sent by potential, see `sending.lookup`
    """

    def __init__(self, network: Network, layer: Spiking, limit: int) -> None:
        super().__init__()
        self.sums = sums_of(network, layer, limit)
        self.bits = layer.payload_bits
        self.register_buffer("base", torch.from_numpy(base_of(layer)))
        self.register_buffer("scale", torch.from_numpy(layer.scale.copy()))
        self.register_buffer("table", torch.from_numpy(layer.threshold_table.copy()))
        self.register_buffer("payload", torch.from_numpy(layer.payload.copy()))
        self.register_buffer(
            "levels", torch.from_numpy(lookup(layer.threshold_table, layer.payload))
        )
        self.regrained()

    def forward(self, seen: list[Tensor]) -> tuple[Tensor | None, Tensor]:
        """Potentials and payloads."""
        potential = self.sums.potential(seen)
        return potential, send(potential, self.base, self.levels)

    def integers(self, layer: Spiking) -> Layer:
        """Weights, biases, thresholds and payloads."""
        weights, bias = self.sums.whole()
        return replace(
            layer,
            synapses=self.sums.synapses(weights),
            bias=narrow(bias),
            threshold_base=self.base.numpy().astype(np.int32),
            threshold_table=self.table.numpy().copy(),
            payload=self.payload.numpy().copy(),
            scale=self.scale.numpy().copy(),
        )

    def code(self, table: np.ndarray[Any, Any], payload: np.ndarray[Any, Any]) -> None:
        """Take another code of as many phases."""
        self.table.copy_(torch.from_numpy(table))
        self.payload.copy_(torch.from_numpy(payload))
        self.levels.copy_(torch.from_numpy(lookup(table, payload, len(self.levels))))

    def regrained(self) -> None:
        """Count biases in the potential of one `lambda`, without changing them."""
        regrain(self.sums, self.base * 2.0 ** (self.bits + 1))


def base_of(layer: Spiking) -> np.ndarray[Any, Any]:
    """`h` of each channel, float32[C]; `UnsupportedError` where it differs from place to place."""
    given = layer.threshold_base
    flat = given.reshape(-1, *[1] * (len(layer.shape) - 1)) if given.ndim == 1 else given
    wide = np.broadcast_to(flat, layer.shape).reshape(layer.shape[0], -1)
    if (wide != wide[:, :1]).any() or layer.scale.shape != layer.shape[:1]:
        raise UnsupportedError(
            f"{layer.name}: its thresholds differ from place to place; fine-tuning is for one a "
            "channel, give a network that `onespike export` writes"
        )
    return wide[:, 0].astype(np.float32)


@PARTS.add(Readout)
class Scores(Part):
    """Output neurons, whose potentials are the scores; `scale` makes logits of them."""

    def __init__(self, network: Network, layer: Readout, limit: int) -> None:
        super().__init__()
        self.sums = sums_of(network, layer, limit)
        self.register_buffer("scale", torch.tensor(layer.scale, dtype=torch.float64))
        regrain(self.sums, (1.0 / self.scale).float().clamp(min=1.0).expand(layer.shape[0]))

    def forward(self, seen: list[Tensor]) -> tuple[Tensor | None, Tensor]:
        """The scores as both."""
        potential = self.sums.potential(seen)
        return potential, potential

    def integers(self, layer: Readout) -> Layer:
        """Weights, biases and scale."""
        weights, bias = self.sums.whole()
        scale = float(self.scale)
        return replace(layer, synapses=self.sums.synapses(weights), bias=narrow(bias), scale=scale)


def sums_of(network: Network, layer: Layer, limit: int) -> Sums:
    """What a layer's neurons sum."""
    parts, low = [], []
    for synapse, trained in connections(network, layer):
        code = network.code(synapse.source)
        parts.append(Weights(synapse, trained, code.most, limit))
        low.append(low_of(network) if synapse.source == 0 else None)
    return Sums(parts, torch.from_numpy(layer.bias.copy()), low, len(layer.shape))


def low_of(network: Network) -> Tensor | None:
    """Value of the input's integer 0 in steps of its grid, float64[*shape]; None where 0."""
    entry = network.input
    if not entry.low.any():
        return None
    share = np.broadcast_to(entry.low / entry.step, entry.shape[:1])
    wide = share.reshape(-1, *[1] * (len(entry.shape) - 1))
    return torch.from_numpy(np.broadcast_to(wide, entry.shape).copy())


def regrain(sums: Sums, grain: Tensor) -> None:
    """Another potential that a bias of 1 stands for; the biases stay what they are."""
    with torch.no_grad():
        sums.bias.mul_(sums.grain / grain)
        sums.grain.copy_(grain)


def narrow(bias: Tensor) -> np.ndarray[Any, Any]:
    """Biases int32, one per channel where all its places agree."""
    values = bias.numpy().astype(np.int32)
    flat = values.reshape(len(values), -1)
    return flat[:, 0].copy() if (flat == flat[:, :1]).all() else values
