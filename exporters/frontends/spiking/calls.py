"""What each call of a module's run stands for: nodes of the graph of one step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from exporters.frontends.builder import Builder, Unknown
from exporters.frontends.refs import Ref, RefusedError
from exporters.frontends.refusals import line
from exporters.frontends.spiking.functions import Functions, State
from exporters.frontends.spiking.neurons import kind_of, remembers
from exporters.frontends.spiking.probe import Probed, probe
from exporters.frontends.spiking.values import LayoutError, Over, Sizes, Value
from exporters.frontends.torch.models import leaves
from exporters.frontends.torch.table import METHODS

ERRORS = (TypeError, ValueError, IndexError, AttributeError, AssertionError)
"""What handlers raise for calls in forms that they do not know."""


def is_leaf(module: nn.Module) -> bool:
    """Whether a call of the module is one of the reader's, its own code passed by."""
    return remembers(module) or votes(module)


def votes(module: nn.Module) -> bool:
    """Whether it is a voting layer: means of as many neighbouring outputs as `voting_size`."""
    return any(each.__name__ == "VotingLayer" for each in type(module).__mro__)


class Calls(Functions):
    """Reader of a tape.

    counts : neuron -> how often it was called a step at a time
    forms  : neuron -> what it was found to be
    refused : neurons that have no form, as `Builder.problems`
    """

    def __init__(self, build: Builder, sizes: Sizes) -> None:
        super().__init__(build, sizes)
        self.counts: dict[str, int] = {}
        self.forms: dict[str, Probed] = {}
        self.fed: dict[str, str] = {}
        self.refused: dict[str, tuple[str, str]] = {}

    def function(self, name: str, call: Any, args: Any, options: Any, result: Any) -> Any:
        """What a function's result stands for."""
        kind = call.__self__.__name__ if call.__name__ == "__get__" else call.__name__
        kind = kind.strip("_") if kind.startswith("__") else kind
        kind = kind.removesuffix("_") if kind.removesuffix("_") in METHODS else kind
        held = [args, list(options.values())]
        if any(isinstance(each, Unknown) for each in leaves(held)):
            known = self.is_known(kind, call)
            why = self.build.not_supported(kind)
            return Unknown() if known else self.build.refuse(name or kind, kind, why)
        given = (call, list(args), dict(options), result)
        return self._refusing(name or kind, kind, lambda: self.read(name or kind, kind, *given))

    def leaf(self, name: str, module: nn.Module, args: Any, options: Any, result: Any) -> Any:
        """What a leaf module's result stands for."""
        read = self._vote if votes(module) else self._neuron
        given, title = [*args, *options.values()], type(module).__name__
        if any(isinstance(each, Unknown) for each in leaves(given)):
            known = votes(module) or self._refusing(name, title, lambda: kind_of(module))
            return known if isinstance(known, Unknown) else Unknown()
        found = self._refusing(name, title, lambda: read(name, module, given, result))
        if isinstance(found, Unknown):
            self.refused[name] = self.build.problems[name]
        return found

    def _refusing(self, name: str, title: str, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except RefusedError as error:
            return self.build.refuse(name, title, str(error))
        except ERRORS as error:
            why = f"called in a form that is not supported ({line(error)})"
            return self.build.refuse(name, title, why)

    def _vote(self, name: str, module: Any, args: Any, result: Any) -> Value:
        (x,) = args
        if x.tail:
            raise RefusedError("reads a softmax or argmax; leave that out")
        size, features = int(module.voting_size), x.ref.shape[-1]
        if len(x.ref.shape) != 1 or features % size:
            raise RefusedError(f"votes over {list(x.ref.shape)}; only over features")
        return self.grouped(name, x, size, 1 / size)

    def _neuron(self, name: str, module: nn.Module, args: Any, result: Any) -> Any:
        x, *states = args
        kind = kind_of(module)
        layout = kind.layout(module)
        if not isinstance(x, Value) or x.over is not None or x.potential or x.tail:
            raise RefusedError("reads what was put together over steps, or potentials")
        if layout != x.lead:
            raise LayoutError(
                f"{name} ({type(module).__name__}) takes {_axes(layout)} and gets {_axes(x.lead)}"
            )
        step = self.counts.get(name, 0)
        self.counts[name] = step + 1
        self._check_call(name, x, states, step)
        node = self.made((name, "neuron"), lambda: self._found(name, module, x.ref))
        where = step if layout == "N" else None
        spikes = Value(node, x.lead, where, potential=kind.value)
        if isinstance(result, torch.Tensor):
            return self._decoded(module, spikes)
        if isinstance(result, list):
            return self.layout.steps_of(spikes)
        state = State(name, step)
        last = Value(node, x.lead, where, potential=True) if self.forms[name].shows else state
        rest = [state] * (len(result) - 2)
        shown = last if isinstance(result[-1], torch.Tensor) else state
        return [spikes, *rest, shown]

    def _found(self, name: str, module: nn.Module, x: Ref) -> Ref:
        found = self.forms[name] = probe(module, x.shape)
        form = found.form
        return self.build.add("neuron", name, [x], form.numbers(), form.settings(), exact=True)

    def _check_call(self, name: str, x: Value, states: Any, step: int) -> None:
        if self.fed.setdefault(name, x.ref.name) != x.ref.name:
            raise RefusedError("is called on different values; use the same layers in every step")
        if x.step not in (None, step):
            raise RefusedError(f"is called for the {step + 1}th time with step {x.step + 1}")
        for each in leaves(states):
            own = isinstance(each, State) and each == State(name, step - 1)
            if isinstance(each, Value):
                own = each.potential and each.step == step - 1 and each.ref.name == name
            fresh = step == 0 and isinstance(each, torch.Tensor) and not bool(each.any())
            if not (own or fresh or each is None):
                raise RefusedError("gets a state that is not its own of the step before")

    def _decoded(self, module: Any, spikes: Value) -> Value:
        """What a neuron that never fires makes of its potentials itself."""
        takes = {"max-mem": "maximum", "mean-mem": "sum", "last_mem": "last"}
        decode = getattr(module, "decode", None)
        if decode is None:
            return spikes
        if decode not in takes:
            raise RefusedError(f"decodes by {decode}; use one of {', '.join(takes)}")
        steps = self.layout.sizes.steps
        assert steps is not None
        factor = 1 / steps if decode == "mean-mem" else 1.0
        over = Over(takes[decode], frozenset(range(steps)), factor)
        return replace(spikes, lead="N", step=None, over=over)


def _axes(lead: str) -> str:
    words = {"N": "one step [N, ...]", "TN": "[T, N, ...]", "NT": "[N, T, ...]"}
    words |= {"T*N": "[T * N, ...]", "N*T": "[N * T, ...]", "1N": "[1, N, ...]"}
    return words[lead]
