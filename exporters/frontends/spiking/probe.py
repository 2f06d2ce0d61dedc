"""What a spiking module computes, found by running it: versions of a library differ.

The module gets a test input whose potentials meet the threshold exactly, again and again. Its
spikes are compared with those of every form that its constants allow.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
import torch
from torch import nn

from exporters.form import RESETS, Floats, Form
from exporters.frontends.refs import RefusedError
from exporters.frontends.refusals import line
from exporters.frontends.spiking.neurons import Kind, fresh, kind_of
from onespike_lava.layers import Shape

STEPS = 24
"""Of the test input."""

NEURONS = 1024
"""Sequences of the test input at least."""

PLANE = 4
"""Rows and columns of the test input at most: neurons of a channel are alike."""

NEAR = 1e-9
"""Potentials so near to the threshold, as a share of it, are ties: rounding decides there."""


@dataclass(frozen=True)
class Probed:
    """The form of a module, and whether what it returns last is its potential before reset."""

    form: Form
    shows: bool = False


def probe(module: nn.Module, shape: Shape) -> Probed:
    """The form of a spiking module for samples of `shape`.

    Raises `RefusedError` where it has none: for its class, or since its spikes are those of no
    form, with the nearest one.
    """
    kind = kind_of(module)
    try:
        mine = own_copy(module)
        declared = kind.read(mine)
        shape = _smaller(declared, shape)
        x = _ramp(declared, shape)
        with torch.no_grad():
            found, last = drive(mine, kind, torch.from_numpy(x))
    except RefusedError:
        raise
    except Exception as error:  # whatever the module's own code raises
        raise RefusedError(f"cannot be run on a test input ({line(error)}); correct it") from error
    if kind.value:
        _check_values(declared, x, found)
        return Probed(declared)
    tried = []
    for form in _family(declared):
        share, strict = _tried(form, x, found)
        tried.append((share, form))
        if share == 0:
            chosen = form if form.fire == "count" else replace(form, fire="gt" if strict else "ge")
            return Probed(chosen, _shows(chosen, x, found, last))
    share, form = min(tried, key=lambda each: each[0])
    raise RefusedError(
        f"has no normal form: {100 * share:.2g} % of its spikes on a test input differ from the "
        f"nearest one, which {form}; use a neuron that integrates, fires and resets at once"
    )


def own_copy(module: nn.Module) -> nn.Module:
    """A copy in float64 and inference mode, with its own code where a tape put another."""
    found = copy.deepcopy(module).double().eval()
    for each in found.modules():
        vars(each).pop("forward", None)
    return found


def _smaller(form: Form, shape: Shape) -> Shape:
    """A shape of fewer rows and columns, where constants allow it."""
    if len(shape) != 3 or any(each.size > shape[0] for each in form.numbers().values()):
        return shape
    return (shape[0], min(shape[1], PLANE), min(shape[2], PLANE))


def drive(module: nn.Module, kind: Kind, x: torch.Tensor) -> tuple[Floats, Floats | None]:
    """What the module makes of input [T, N, ...] from rest: its output, and its last state.

    Both float64[T, N, ...]; the state only of modules that take one step and return a tensor.
    """
    fresh(module)
    layout = kind.layout(module)
    if layout == "N":
        return _stepwise(module, x)
    if hasattr(module, "decode"):
        module.decode = None
    steps, samples, rest = x.shape[0], x.shape[1], x.shape[2:]
    given = x if layout == "TN" else x.transpose(0, 1)
    if layout == "N*T":
        resize(module, samples)
        given = given.reshape(samples * steps, *rest)
    result = module(given)
    result = result[0] if isinstance(result, tuple) else result
    result = torch.stack(result) if isinstance(result, list) else result
    if layout == "N*T":
        result = result.reshape(samples, steps, *rest)
    return (result if layout == "TN" else result.transpose(0, 1)).detach().numpy(), None


def resize(module: nn.Module, samples: int) -> None:
    """Tell a module that takes samples and steps joined how many samples there are, in place."""
    if hasattr(module, "batch_size") and hasattr(module, "num_timesteps"):
        module.batch_size, module.num_timesteps = samples, -1


def _stepwise(module: nn.Module, x: torch.Tensor) -> tuple[Floats, Floats | None]:
    state: tuple[Any, ...] = ()
    outputs, last = [], []
    for arriving in x:
        result = module(arriving, *state)
        if isinstance(result, tuple):
            outputs.append(result[0].clone())
            last += [result[-1].clone()] if isinstance(result[-1], torch.Tensor) else []
            state = () if getattr(module, "init_hidden", False) else result[1:]
        else:
            outputs.append(result.clone())
    shown = torch.stack(last).numpy() if last else None
    return torch.stack(outputs).numpy(), shown


def _ramp(form: Form, shape: Shape) -> Floats:
    """Input float64[T, N, *shape] in eighths of what reaches the threshold at once.

    Half of it holds still and rises, so that every filter is seen at work; silence between.
    """
    random = np.random.default_rng(0)
    samples = -(-NEURONS // prod(shape)) + 1
    size = (STEPS, samples, *shape)
    most = 40 if form.fire == "count" else 14
    eighths = random.integers(-6, most, size) * (random.random(size) < 0.6)
    eighths[:, ::2] = np.where(random.random(eighths[:, ::2].shape) < 0.5, eighths[:, ::2], 4)
    eighths[0, :, ...] = np.where(random.random(size[1:]) < 0.5, 8, eighths[0])
    unit = np.broadcast_to(form.threshold / form.gain, shape)
    return np.asarray(eighths / 8 * unit, np.float64)


def _family(declared: Form) -> Iterator[Form]:
    """The forms that a module may have, the one that its attributes tell first."""
    yield declared
    for fire in dict.fromkeys((declared.fire, "ge", "count")):
        for reset in RESETS:
            if (fire, reset) != (declared.fire, declared.reset):
                yield replace(declared, fire=fire, reset=reset)


def _tried(form: Form, x: Floats, found: Floats) -> tuple[float, bool]:
    """Share of the module's spikes that the form does not give, and whether ties do not fire.

    At a tie the form does what the module did.
    """
    ties, fired = 0, 0.0

    def fire(v: Floats, step: int) -> Floats:
        nonlocal ties, fired
        own = form.spikes_of(v, step)
        whole = v / form.threshold
        near = np.abs(whole - np.rint(whole)) <= NEAR
        near &= whole > 0.5 if form.fire == "count" else np.rint(whole) == 1
        exact = near & (v == form.threshold)
        ties += int(exact.sum())
        fired += float(found[step][exact].sum())
        return np.where(near, found[step], own)

    own, _ = form.run(x, fire)
    wrong = np.count_nonzero(own != found)
    spikes = max(1.0, float(np.count_nonzero(found)))
    return wrong / spikes, fired < ties / 2


def _check_values(form: Form, x: Floats, found: Floats) -> None:
    """Raise `RefusedError` unless the potentials of a neuron that never fires are the form's."""
    _, potentials = form.run(x)
    error = np.abs(potentials - found).max()
    if not error <= 1e-6 * max(1.0, np.abs(found).max()):
        raise RefusedError(
            f"has no normal form: its potentials differ by {error:.3g} from those of a leaky "
            "integrator with its constants; use a plain one"
        )


def _shows(form: Form, x: Floats, found: Floats, last: Floats | None) -> bool:
    """Whether the state is the potential before reset."""
    if last is None or last.shape != found.shape:
        return False
    _, potentials = form.run(x, lambda v, step: found[step])
    return bool(np.abs(potentials - last).max() <= 1e-6 * max(1.0, np.abs(last).max()))
