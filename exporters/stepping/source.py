"""A model of spiking modules in its normal form, held against the model itself."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from exporters.form import Form
from exporters.graph import Stepping
from exporters.recipe.stepping import StepRecipe
from exporters.stepping.agreement import some
from exporters.stepping.execution import Outcome, run
from onespike_lava.errors import DataError, OptionError, UnsupportedError
from onespike_lava.limits import PAYLOAD_MAX

if TYPE_CHECKING:
    from exporters.frontends.spiking.reading import Source

NOISE = 1e-4
"""Share of neurons and steps in which the form's spikes may differ from the module's: rounding of
sums, where a module has float32 of its own."""

TOLERANCE = 1e-4
"""By which outputs may differ then, as a share of the largest."""


def is_stepping(model: Any) -> bool:
    """Whether a model is a network that steps: a `Stepping`, or a module with spiking modules."""
    torch = sys.modules.get("torch.nn")
    if torch is None or not isinstance(model, torch.Module):
        return isinstance(model, Stepping)
    from exporters.frontends.spiking.neurons import is_spiking_module

    return is_spiking_module(model)


def read_module(
    model: Any, samples: NDArray[Any], recipe: StepRecipe, output: str | None = None
) -> Source:
    """The normal form of a torch module, for samples such as these; only their shape counts."""
    from exporters.frontends.spiking.reading import read_spiking

    events = are_events(samples)
    steps = recipe.steps
    if events:
        if steps not in (None, samples.shape[1]):
            raise OptionError(
                f"steps: {steps}, but the samples have {samples.shape[1]}; leave them out"
            )
        steps = samples.shape[1]
    shape = samples.shape[2:] if events else samples.shape[1:]
    return read_spiking(
        model, shape, events=events, steps=steps, readout=recipe.readout, output=output
    )


def event_bits(samples: NDArray[Any], bits: int | None) -> int:
    """Bits of the payloads of events, as given or as they need; `DataError`, `OptionError`."""
    low, high = float(samples.min()), float(samples.max())
    if (samples != np.rint(samples)).any() or low < 0 or high > PAYLOAD_MAX:
        raise DataError(
            f"calibration: events of {low:g} to {high:g} are not whole numbers of "
            f"0..{PAYLOAD_MAX}; count events, or give samples without steps for a static input"
        )
    needed = max(1, int(high).bit_length())
    if bits is not None and bits < needed:
        raise OptionError(
            f"input_bits: {bits} hold payloads of 0..{2**bits - 1}, the samples have {high:g}; "
            f"give {needed}, or leave it out"
        )
    return bits or needed


def are_events(samples: NDArray[Any]) -> bool:
    """Whether samples have an axis of steps."""
    return samples.ndim in (3, 5)


def check_reading(read: Any, samples: NDArray[Any]) -> None:
    """Raise `UnsupportedError` unless a module sends and gives on samples what was read of it.

    read : as `frontends.spiking.reading.read_spiking` gives it
    """
    source: Stepping = read.stepping
    shapes = source.graph.shapes()
    neurons = [node for node in source.graph.nodes if node.op == "neuron"]
    size = sum(int(np.prod(shapes[node.name])) for node in neurons) * source.steps
    x = samples[some(samples, size)[:8]]
    known, output = read.recorder.run(x, source.input == "events")
    found = run(source, x)
    way = "it has effects that its calls do not show, simplify it"
    for node in neurons:
        if not Form.of(node.params, node.attrs).fires or node.name not in known:
            continue
        share = float(np.mean(found.trains[node.name] != known[node.name]))
        if share > NOISE:
            raise UnsupportedError(
                f"{node.name}: {100 * share:.2g} % of its spikes differ from those of the network "
                f"read from the module; {way}"
            )
    if read.tails:
        if not _same_classes(np.asarray(output), found.scores.reshape(len(x), -1)):
            raise UnsupportedError(f"output: its classes differ from those of the module; {way}")
        return
    error = _apart(output, found, len(x))
    if not error <= TOLERANCE * max(1.0, float(np.abs(output).max(initial=0))):
        raise UnsupportedError(f"output: differs from that of the module by {error:.3g}; {way}")


def _same_classes(output: NDArray[Any], scores: NDArray[Any]) -> bool:
    """Whether a module's class, or the largest of its outputs, has the highest score."""
    flat = output.reshape(len(scores), -1)
    if flat.shape[1] not in (1, scores.shape[1]):
        return False
    classes = flat.argmax(axis=1) if flat.shape[1] > 1 else flat[:, 0].astype(int)
    best, found = scores.max(axis=1), scores[np.arange(len(scores)), classes]
    return bool((best - found <= TOLERANCE * np.maximum(1.0, np.abs(best))).all())


def _apart(output: Any, found: Outcome, samples: int) -> float:
    """Largest difference of a module's output and what was read, scores or values of all steps."""
    values = found.values.reshape(samples, found.values.shape[1], -1)
    steps = values.shape[1]
    flat = output.reshape(-1)
    ways = [found.scores.reshape(-1)]
    if output.shape[:2] == (steps, samples):
        ways.append(values.swapaxes(0, 1).reshape(-1))
    if output.shape[0] == samples * steps or output.shape[:2] == (samples, steps):
        ways.append(values.reshape(-1))
    errors = [np.abs(each - flat).max(initial=0.0) for each in ways if each.size == flat.size]
    return float(min(errors, default=np.inf))
