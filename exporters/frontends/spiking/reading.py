"""Front end for spiking networks of other libraries: a torch module becomes a `Stepping`."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from exporters.frontends.builder import Builder, Unknown
from exporters.frontends.refs import Ref
from exporters.frontends.refusals import line
from exporters.frontends.spiking.calls import Calls, is_leaf
from exporters.frontends.spiking.layout import last
from exporters.frontends.spiking.neurons import fresh, no_form
from exporters.frontends.spiking.probe import resize
from exporters.frontends.spiking.record import Recorder
from exporters.frontends.spiking.tape import Tape
from exporters.frontends.spiking.values import LayoutError, Over, Sizes, Value
from exporters.frontends.torch.models import leaves, outermost, outputs_of, own_copy
from exporters.graph import Stepping
from exporters.graph.stepping import TAKES
from onespike_lava.errors import OptionError, UnsupportedError
from onespike_lava.layers import Shape

SAMPLES = (3, 5)
"""Samples of the trace: the first number that is no number of steps."""

READOUTS = {"mean": ("sum", True), "sum": ("sum", False), "last": ("last", False)}
READOUTS |= {"max": ("maximum", False)}
"""Name of a readout -> what is taken over the steps, and whether it is divided by them."""


@dataclass(frozen=True)
class Source:
    """A spiking network as read, and the module itself for comparison.

    stepping : the network in its normal form
    recorder : runs the module and records its neurons' spikes
    tails    : what stands behind the result and was left out, such as a softmax
    """

    stepping: Stepping
    recorder: Recorder
    tails: frozenset[str] = frozenset()


def read_spiking(
    module: nn.Module,
    sample_shape: Sequence[int],
    *,
    events: bool = False,
    steps: int | None = None,
    readout: str | None = None,
    output: str | None = None,
) -> Source:
    """The normal form of a spiking torch module.

    module       : stays unchanged
    sample_shape : of one step, (C, H, W) or (F,)
    events       : samples are [N, T, *sample_shape], a frame for each step; else one is in all
    steps        : `T`; None where the module itself has its steps
    readout      : of an output with all steps: `mean` unless given, `sum`, `last` or `max`
    output       : of several, the key or number that the module returns it under

    Raises `UnsupportedError` with every module or function that cannot be read, `OptionError` for
    steps.
    """
    if readout is not None and readout not in READOUTS:
        raise OptionError(
            f"readout: {readout!r} is not one of {', '.join(READOUTS)}; choose one of them"
        )
    root = own_copy(module).double()
    title, shape = type(outermost(module)).__name__, tuple(sample_shape)
    tried: dict[str, str] = {}
    refused: dict[str, tuple[str, str]] = {}
    for lead in ("TN", "NT", "N*T", "N") if events else ("N", "TN", "NT", "N*T"):
        if lead != "N" and steps is None:
            tried[lead] = "the number of steps is not known"
            continue
        samples = next(each for each in SAMPLES if each != steps)
        calls = Calls(Builder(given=shape), Sizes(samples, None if lead == "N" else steps))
        try:
            result = _traced(copy.deepcopy(root), shape, lead, calls)
        except LayoutError as error:
            tried[lead] = str(error)
            continue
        except UnsupportedError:
            raise
        except Exception as error:  # whatever the model's own code raises
            tried[lead] = line(error)
            refused = refused or calls.refused
            continue
        found = _Result(title, calls, lead, events, steps, readout, output)
        stepping = found.stepping(result)
        recorder = Recorder(root, lead, stepping.steps, found.chosen, found.loops)
        return Source(stepping, recorder, frozenset(calls.tails))
    refused = refused or _of_no_form(root)
    if refused:
        Builder(problems=refused).finish(Unknown())
    raise _not_called(title, tried, steps)


def _of_no_form(root: nn.Module) -> dict[str, tuple[str, str]]:
    """Neurons of classes that are not read, as `Builder.problems`."""
    reasons = {name: (type(each).__name__, no_form(each)) for name, each in root.named_modules()}
    return {name: found for name, found in reasons.items() if found[1]}


def _traced(root: nn.Module, shape: Shape, lead: str, calls: Calls) -> Any:
    """What the module's result stands for on samples with these leading axes."""
    sizes = calls.layout.sizes
    fresh(root)
    for each in root.modules():
        resize(each, sizes.samples)
    made = calls.build.add("input", "input", attrs={"shape": shape})
    random = np.random.default_rng(0)
    size = (sizes.samples, *shape) if lead == "N" else (*sizes.lead(lead), *shape)
    x = torch.from_numpy(random.random(size))
    return Tape(root, calls, is_leaf).run(x, Value(Ref(made.name, shape), lead))


def _not_called(title: str, tried: dict[str, str], steps: int | None) -> Exception:
    if steps is None and any("not known" in why for why in tried.values()):
        return OptionError(
            f"steps: missing; {title} takes steps from outside, say how many: steps=8, on the "
            f"command line --steps 8 (as one step: {tried['N']})"
        )
    words = {"N": "[N, ...]", "TN": "[T, N, ...]", "NT": "[N, T, ...]", "N*T": "[N * T, ...]"}
    found = "; ".join(f"{words[lead]}: {why}" for lead, why in tried.items())
    return UnsupportedError(
        f"{title}: can be called in no known way ({found}); give samples of the size that it was "
        "trained on, to a module whose forward takes one step or all of them"
    )


class _Result:
    """What a module's result says of steps and readout."""

    def __init__(
        self,
        title: str,
        calls: Calls,
        lead: str,
        events: bool,
        steps: int | None,
        readout: str | None,
        output: str | None,
    ) -> None:
        self.title, self.calls, self.lead, self.events = title, calls, lead, events
        self.given, self.readout, self.output = steps, readout, output
        self.chosen = ""

    @property
    def loops(self) -> bool:
        """Whether the module makes all steps of one input itself."""
        known = self.calls.layout.sizes.steps is not None
        return self.lead == "N" and (known or set(self.calls.counts.values()) - {1} != set())

    def stepping(self, result: Any) -> Stepping:
        """The network, as far as the result needs it; `UnsupportedError` for what is not read."""
        build = self.calls.build
        value = self._value(result)
        if isinstance(value, Unknown) or build.problems:
            build.finish(value if isinstance(value, Unknown) else Unknown())
        if not isinstance(value, Value):
            raise UnsupportedError(
                f"{self.title}: its output is no value of the network; return what its layers give"
            )
        if value.tail and value.stepped:
            raise UnsupportedError(
                f"{self.title}: gives a softmax of every step; put the steps together before, or "
                "leave it out"
            )
        steps = self._steps()
        take, factor = self._taken(value, steps)
        graph = build.finish(value.ref)
        exact = tuple(replace(node, exact=True) for node in graph.nodes)
        notes = {name: str(each.form) for name, each in self.calls.forms.items()}
        kind = "events" if self.events else "constant"
        graph = replace(graph, nodes=exact)
        return Stepping(graph, steps, kind, take, factor, value.potential, notes)

    def _value(self, result: Any) -> Any:
        """The chosen output."""
        outputs = {name: self._joined(each) for name, each in self._outputs(result).items()}
        if self.output is not None and self.output not in outputs:
            names = ", ".join(outputs)
            raise UnsupportedError(f"output: {self.output!r} is not one of {names}; choose one")
        fits = {name: each for name, each in outputs.items() if isinstance(each, Value)}
        if self.output is not None:
            fits = {self.output: outputs[self.output]}
        if len({repr(each) for each in fits.values()}) > 1:
            raise UnsupportedError(
                f"output: {len(fits)} of them ({', '.join(fits)}); choose one with "
                f"output={next(iter(fits))!r}, on the command line --model-output"
            )
        self.chosen = next(iter(fits), next(iter(outputs), ""))
        return fits.get(self.chosen, outputs.get(self.chosen))

    def _outputs(self, result: Any) -> dict[str, Any]:
        whole = self._joined(result)
        if not isinstance(whole, Value):
            return outputs_of(result)
        listed = isinstance(result, (list, tuple)) and len(result) > 1
        return {"steps" if listed else "0": whole}

    def _joined(self, result: Any) -> Any:
        """A list of the values of all steps as one."""
        if isinstance(result, (list, tuple)) and result:
            parts = leaves(list(result))
            if all(isinstance(each, Value) for each in parts) and len(parts) == len(result) > 1:
                same = len({repr(replace(each, step=None)) for each in parts}) == 1
                if same and [each.step for each in parts] == list(range(len(parts))):
                    return replace(parts[0], step=None, lead="TN")
            if len(result) == 1:
                return result[0]
        return result

    def _steps(self) -> int:
        """`T`: of the module's own loop or repetition, else as given."""
        counts, known = set(self.calls.counts.values()), self.calls.layout.sizes.steps
        if len(counts) > 1:
            listed = ", ".join(f"{name} {n}" for name, n in self.calls.counts.items())
            raise UnsupportedError(
                f"{self.title}: neurons are called {listed} times; call each once in a step"
            )
        if counts and counts != {1}:
            known = counts.pop()
        if self.lead == "N" and self.events and known is not None:
            raise UnsupportedError(
                f"{self.title}: has {known} steps of its own for one input; give it samples "
                "[N, ...] without steps"
            )
        if known is None and self.given is None:
            raise OptionError(
                f"steps: missing; {self.title} takes one step at a time, say how many: steps=8, "
                "on the command line --steps 8"
            )
        if None not in (known, self.given) and known != self.given:
            raise OptionError(f"steps: {self.given}, but {self.title} has {known}; leave them out")
        found = self.given if known is None else known
        assert found is not None
        return found

    def _taken(self, value: Value, steps: int) -> tuple[str, float]:
        """What is taken over the steps, and the factor."""
        once = self.lead == "N" and not self.loops
        if value.over is None and value.step is not None and not once:
            value = last(value)
        if value.over is not None:
            over: Over = value.over
            complete = {steps - 1} if over.take == "last" else set(range(steps))
            if set(over.steps) != complete:
                raise UnsupportedError(
                    f"{self.title}: its output is made of {len(over.steps)} of {steps} steps; "
                    "read the last one, or all of them"
                )
            if self.readout is not None:
                raise OptionError(f"readout: {self.title} has one of its own; leave it out")
            assert over.take in TAKES
            return over.take, over.factor
        take, mean = READOUTS[self.readout or "mean"]
        return take, 1 / steps if mean else 1.0
