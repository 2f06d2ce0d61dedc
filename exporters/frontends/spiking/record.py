"""What a module's neurons send on real samples: the truth that a conversion is held against."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from exporters.frontends.spiking.neurons import fresh, kind_of, remembers
from exporters.frontends.spiking.probe import resize
from exporters.frontends.spiking.tape import Doubled, doubled, patched
from exporters.frontends.torch.models import outputs_of

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Recorder:
    """A module that can be run on samples, steps as it takes them.

    root   : in float64 and inference mode
    lead   : leading axes of its input
    steps  : `T`
    output : which of its outputs, by key or number; empty for all that it returns
    loops  : whether it makes all steps of one input [N, ...] itself
    """

    root: nn.Module
    lead: str
    steps: int
    output: str
    loops: bool

    def run(self, x: Any, events: bool) -> tuple[Mapping[str, Floats], Floats]:
        """Spikes of each neuron float64[N, T, *shape], and the module's output.

        x : [N, *shape] for a static input, [N, T, *shape] of events

        An output of single steps comes as [T, N, ...].
        """
        root = copy.deepcopy(self.root)
        fresh(root)
        for each in root.modules():
            resize(each, len(x))
        notes: dict[str, list[Floats]] = {}

        def forward(name: str, module: nn.Module, own: Any, *args: Any, **options: Any) -> Any:
            result = own(*args, **options)
            if remembers(module):
                result = doubled(result)
                sent = result[0] if isinstance(result, tuple) else result
                sent = torch.stack(sent) if isinstance(sent, list) else sent
                layout = kind_of(module).layout(module)
                notes.setdefault(name, []).append(_samples_first(sent, layout, len(x)))
            return result

        with patched(root, forward), torch.no_grad(), Doubled():
            given = self._inputs(torch.from_numpy(np.asarray(x, np.float64)), events)
            outputs = [self._chosen(each) for each in _called(root, given)]
        found = outputs[0] if len(outputs) == 1 else np.stack(outputs)
        return {name: np.concatenate(parts, axis=1) for name, parts in notes.items()}, found

    def _inputs(self, x: torch.Tensor, events: bool) -> list[torch.Tensor]:
        """What the module is called with, once or for each step."""
        if self.lead == "N" and self.loops:
            return [x]
        stepped = x if events else x.unsqueeze(1).expand(-1, self.steps, *x.shape[1:])
        if self.lead == "N":
            return list(stepped.transpose(0, 1))
        if self.lead == "TN":
            return [stepped.transpose(0, 1)]
        return [stepped if self.lead == "NT" else stepped.flatten(0, 1)]

    def _chosen(self, result: Any) -> Floats:
        found = outputs_of(result)
        tensor = found.get(self.output) if len(found) > 1 else next(iter(found.values()))
        if isinstance(tensor, (list, tuple)):
            tensor = torch.stack(list(tensor))
        if tensor is None:  # a list of the values of all steps
            tensor = torch.stack(list(result))
        return np.asarray(tensor.detach().numpy())


def _called(root: nn.Module, inputs: list[torch.Tensor]) -> Iterator[Any]:
    """What the module gives for one input after the other.

    One that returns its state beside its output, and takes `state`, gets that of the step before.
    """
    keeps = "state" in inspect.signature(type(root).forward).parameters
    state: Any = None
    for each in inputs:
        result = root(each, state) if keeps else root(each)
        if keeps and isinstance(result, tuple) and len(result) == 2:
            state = result[1]
        yield result


def _samples_first(sent: torch.Tensor, layout: str, samples: int) -> Floats:
    """What a neuron sent in one call as [N, steps, *shape]."""
    if layout == "N":
        found = sent.unsqueeze(1)
    elif layout == "TN":
        found = sent.transpose(0, 1)
    else:
        found = sent if layout == "NT" else sent.reshape(samples, -1, *sent.shape[1:])
    return np.array(found.detach().numpy())
