"""Live synapses: counted in a module, pruned by size, told in a file."""

from __future__ import annotations

from dataclasses import replace
from numbers import Real
from typing import Any

import torch
from torch import Tensor, nn

from onespike_lava.connectivity import connections, is_fixed
from onespike_lava.errors import OptionError
from onespike_lava.network import Network


def connectivity(model: nn.Module) -> dict[str, float]:
    """Name of each weight of two axes and more -> share of its synapses that are not 0."""
    return {name: float((each != 0).float().mean()) for name, each in _weights(model)}


def live(model: nn.Module) -> tuple[int, int]:
    """Synapses that are not 0, and all of them, in weights as they are stored."""
    weights = [each for _, each in _weights(model)]
    return sum(int((each != 0).sum()) for each in weights), sum(each.numel() for each in weights)


@torch.no_grad()
def prune(model: nn.Module, share: float | dict[str, float]) -> None:
    """Set all but the largest weights to 0, in place.

    share : of synapses that stay, over all layers together; or of each by name, as
            `connectivity` tells it. At least one of each layer stays

    Raises `OptionError` for a share outside 0..1, a name that is no weight's, a model without
    weights.
    """
    weights = dict(_weights(model))
    if not weights:
        raise OptionError(f"prune: {type(model).__name__} has no weights of two axes and more")
    shares = share if isinstance(share, dict) else {"": share}
    for name, each in shares.items():
        if not isinstance(each, Real) or not 0 < each <= 1:
            raise OptionError(f"prune: share is {each!r}; give one above 0 up to 1")
        if name and name not in weights:
            raise OptionError(f"prune: {name} is no weight; they are {', '.join(weights)}")
    if isinstance(share, dict):
        for name, each in share.items():
            _keep(weights[name], max(1, round(each * weights[name].numel())))
        return
    sizes = torch.cat([each.abs().flatten() for each in weights.values()])
    limit = sizes.topk(max(1, round(share * sizes.numel()))).values[-1]
    for each in weights.values():
        _keep(each, max(1, int((each.abs() >= limit).sum())))


def told(network: Network) -> Network:
    """The network whose trained weights of 0 are marked as pruned, in its synapses (`live`).

    Counts of synapses, energy and chips then leave them out, those that rounding made 0 too. Export
    with `rounding="nearest"`: `least` lets pruned weights make up for what others lose.
    """
    layers: list[Any] = []
    layer: Any
    for layer in network.layers:
        parts = [
            each if is_fixed(each, trained) or each.weight.all() else _marked(each)
            for each, trained in connections(network, layer)
        ]
        layers.append(replace(layer, synapses=tuple(parts)) if parts else layer)
    return replace(network, layers=tuple(layers))


def _marked(synapse: Any) -> Any:
    return replace(synapse, live=synapse.weight != 0)


def _weights(model: nn.Module) -> list[tuple[str, Tensor]]:
    return [(name, each) for name, each in model.named_parameters() if each.dim() > 1]


def _keep(weight: Tensor, count: int) -> None:
    kept = torch.zeros(weight.numel(), dtype=torch.bool)
    kept[weight.abs().flatten().topk(count).indices] = True
    weight.mul_(kept.view_as(weight))
