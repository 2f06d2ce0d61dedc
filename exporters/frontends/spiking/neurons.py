"""Spiking modules of other libraries: known by their class's name, never imported.

What a module's attributes say is only where the search for its form begins (`probe`): versions
of a library differ in what they compare and when they reset.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from exporters.form import Form
from exporters.frontends.builder import RefusedError

BASES = {
    "spikingjelly": ("MemoryModule", "NonSpikingBaseNode", "PSN", "MaskedPSN", "SlidingPSN"),
    "snntorch": ("SpikingNeuron",),
    "norse": ("SNNCell", "SNNRecurrentCell", "SNN", "SNNRecurrent"),
    "sinabs": ("StatefulLayer",),
    "lava": ("Neuron",),
    "exporters": ("Neuron",),
}
"""Package -> classes, of which one is a base of each of its modules that remember."""

IDLE = ("Dropout", "Dropout2d")
"""Classes of these bases that remember nothing in inference mode."""

INSTEAD = {
    "spikingjelly": "train with IFNode, LIFNode, ParametricLIFNode or CUBALIFNode",
    "snntorch": "train with Leaky or Synaptic",
    "norse": "train with LIFCell, LIFBoxCell or IAFCell",
    "sinabs": "train with IAF or LIF",
    "lava": "write it with export_hdf5 and read that file with onespike_lava.load",
    "exporters": "train with exporters.training.IF, LIF or CUBA",
    "": "use a neuron of a known library",
}
"""Package -> the way out for a neuron that is not read."""


@dataclass(frozen=True)
class Kind:
    """How a class of neurons is called.

    read   : the form that a module's attributes tell
    layout : of a module, the leading axes of its input: `N`, a step at a time, or all steps
    value  : whether what it returns first is its potential: it does not fire
    """

    read: Callable[[Any], Form]
    layout: Callable[[Any], str] = lambda module: "N"
    value: bool = False


def number(value: Any) -> Any:
    """A setting as float64; `RefusedError` for what is none."""
    if isinstance(value, torch.Tensor):
        return value.detach().cpu().double().numpy()
    if not isinstance(value, (int, float, np.number)):
        raise RefusedError(f"holds {type(value).__name__} where a number is needed")
    return float(value)


def package(kind: type) -> str:
    """The top-level package of a class."""
    return kind.__module__.split(".")[0]


def remembers(module: nn.Module) -> bool:
    """Whether the module is a neuron, or another that keeps a state, of a library known here."""
    kind = type(module)
    based = any(each.__name__ in BASES.get(package(each), ()) for each in kind.__mro__)
    return based and kind.__name__ not in IDLE


def kind_of(module: nn.Module) -> Kind:
    """How the module is called; `RefusedError` for a class that has no normal form."""
    for each in type(module).__mro__:
        kind = KINDS.get((package(each), each.__name__))
        if kind is not None:
            return kind
    home = next((each for each in map(package, type(module).__mro__) if each in INSTEAD), "")
    raise RefusedError(f"has no normal form of integrate, fire and reset; {INSTEAD[home]}")


def fresh(module: nn.Module) -> None:
    """Forget what modules keep from calls before, in place."""
    for each in module.modules():
        if not remembers(each):
            continue
        for name in ("reset_mem", "reset_states", "reset"):
            forget = getattr(each, name, None)
            if callable(forget):
                forget()
                break


def _spikingjelly(module: Any, keep: Any, gain: Any, keep_u: Any = 0.0) -> Form:
    reset = module.v_reset
    rest = 0.0 if reset is None else number(reset)
    return Form(
        threshold=number(module.v_threshold) - rest,
        keep_u=keep_u,
        keep_v=keep,
        gain=gain,
        reset="subtract" if reset is None else "zero",
    )


def _sj_if(module: Any) -> Form:
    return _spikingjelly(module, 1.0, 1.0)


def _sj_lif(module: Any) -> Form:
    leak = 1.0 / number(module.tau)
    return _spikingjelly(module, 1.0 - leak, leak if module.decay_input else 1.0)


def _sj_plif(module: Any) -> Form:
    leak = number(module.w.detach().sigmoid())
    return _spikingjelly(module, 1.0 - leak, leak if module.decay_input else 1.0)


def _sj_cuba(module: Any) -> Form:
    return _spikingjelly(module, number(module.v_decay), 1.0, number(module.c_decay))


def _sj_half(module: Any) -> Form:
    return replace(_sj_if(module), start=number(module.v_threshold) / 2)


def _sj_silent_if(module: Any) -> Form:
    return Form(1.0, fire="none", reset="keep")


def _sj_silent_lif(module: Any) -> Form:
    leak = 1.0 / number(module.tau)
    return Form(1.0, keep_v=1.0 - leak, gain=leak, fire="none", reset="keep")


def _sj_layout(module: Any) -> str:
    return "TN" if getattr(module, "step_mode", "s") == "m" else "N"


def _snntorch(module: Any, keep: Any, gain: Any = 1.0, keep_u: Any = 0.0) -> Form:
    if module.state_quant:
        raise RefusedError("quantises its state (state_quant); leave that out")
    if module.inhibition:
        raise RefusedError("lets one neuron fire only (inhibition); leave that out")
    if np.any(number(module.graded_spikes_factor) != 1):
        raise RefusedError("sends other spikes than 1 (graded_spikes_factor); put it into weights")
    late = bool(getattr(module, "reset_delay", True))
    kinds = {"subtract": "late_subtract" if late else "subtract", "zero": "zero", "none": "keep"}
    reset = kinds[module.reset_mechanism]
    return Form(number(module.threshold), keep_u, keep, gain, fire="gt", reset=reset)


def _leaky(module: Any) -> Form:
    return _snntorch(module, np.clip(number(module.beta), 0, 1))


def _synaptic(module: Any) -> Form:
    filtered = np.clip(number(module.alpha), 0, 1)
    return _snntorch(module, np.clip(number(module.beta), 0, 1), keep_u=filtered)


def _lapicque(module: Any) -> Form:
    step, capacity = number(module.time_step), number(module.C)
    leak = step / (number(module.R) * capacity)
    return _snntorch(module, 1.0 - leak, step / capacity)


def _at_rest(p: Any, rest: float) -> float:
    """The reset's target, which must be the leak's; `RefusedError` for another."""
    if np.any(number(p.v_reset) != rest):
        raise RefusedError(
            f"is reset to {number(p.v_reset):g}, not to {rest:g}, which it leaks to; use one value"
        )
    return rest


def _norse_lif(module: Any) -> Form:
    p = module.p
    rest = _at_rest(p, number(p.v_leak))
    leak, filtered = number(module.dt * p.tau_mem_inv), number(module.dt * p.tau_syn_inv)
    return Form(number(p.v_th) - rest, 1 - filtered, 1 - leak, leak, fire="gt")


def _norse_box(module: Any) -> Form:
    p = module.p
    leak, rest = number(module.dt * p.tau_mem_inv), number(p.v_leak)
    subtract = "subtract" in getattr(p.reset_method, "__name__", "")
    rest = rest if subtract else _at_rest(p, rest)
    reset, amount = ("subtract", number(p.v_th)) if subtract else ("zero", None)
    return Form(
        *(number(p.v_th) - rest, 0.0, 1 - leak, leak),
        **{"amount": amount, "fire": "gt", "reset": reset},
    )


def _norse_iaf(module: Any) -> Form:
    rest = number(module.p.v_reset)
    return Form(number(module.p.v_th) - rest, fire="gt")


def _norse_li(module: Any) -> Form:
    p = module.p
    leak, filtered = number(module.dt * p.tau_mem_inv), number(module.dt * p.tau_syn_inv)
    _no_rest(p)
    return Form(1.0, 1 - filtered, 1 - leak, leak, fire="none", reset="keep")


def _norse_li_box(module: Any) -> Form:
    leak = number(module.dt * module.p.tau_mem_inv)
    _no_rest(module.p)
    return Form(1.0, 0.0, 1 - leak, leak, fire="none", reset="keep")


def _no_rest(p: Any) -> None:
    if np.any(number(p.v_leak) != 0):
        raise RefusedError("leaks to a value that is not 0 and is read as it is; use v_leak = 0")


def _sinabs(module: Any) -> Form:
    keep = number(module.alpha_mem_calculated)
    gain: Any = 1.0 - keep if module.norm_input else 1.0
    keep_u: Any = 0.0
    if module.alpha_syn_calculated is not None:
        keep_u = number(module.alpha_syn_calculated)
        gain = gain * keep_u  # the jump decays at once
    function, reset = module.spike_fn, type(module.reset_fn).__name__
    name = getattr(function, "__name__", type(function).__name__)
    fire = "ge" if name == "SingleSpike" else "count"
    amount = getattr(module.reset_fn, "subtract_value", None)
    if np.any(getattr(module.reset_fn, "reset_value", 0.0) != 0):
        raise RefusedError("adds a value at every reset (reset_value); use 0")
    floor = None if module.min_v_mem is None else number(module.min_v_mem)
    return Form(
        *(number(module.spike_threshold), keep_u, keep, gain),
        amount=None if amount is None else number(amount),
        floor=floor,
        fire=fire,
        reset="subtract" if reset == "MembraneSubtract" else "zero",
        most=int(getattr(function, "max_num_spikes_per_bin", 0) or 0) if fire == "count" else 0,
    )


def _exp_leak(module: Any) -> Form:
    keep = number(module.alpha_mem_calculated)
    gain = 1.0 - keep if module.norm_input else 1.0
    floor = None if module.min_v_mem is None else number(module.min_v_mem)
    return Form(1.0, keep_v=keep, gain=gain, floor=floor, fire="none", reset="keep")


def _ours(module: Any) -> Form:
    return Form(
        *(number(module.threshold), number(module.current_decay), number(module.decay)),
        fire="gt" if module.strict else "ge",
        reset=module.reset,
    )


_SINABS = Kind(_sinabs, lambda module: "NT")
_SQUEEZED = Kind(_sinabs, lambda module: "N*T")

KINDS: Mapping[tuple[str, str], Kind] = {
    ("spikingjelly", "IFNode"): Kind(_sj_if, _sj_layout),
    ("spikingjelly", "SimpleIFNode"): Kind(_sj_if, _sj_layout),
    ("spikingjelly", "HalfThresholdIFNode"): Kind(_sj_half, _sj_layout),
    ("spikingjelly", "LIFNode"): Kind(_sj_lif, _sj_layout),
    ("spikingjelly", "SimpleLIFNode"): Kind(_sj_lif, _sj_layout),
    ("spikingjelly", "ParametricLIFNode"): Kind(_sj_plif, _sj_layout),
    ("spikingjelly", "CUBALIFNode"): Kind(_sj_cuba, _sj_layout),
    ("spikingjelly", "NonSpikingIFNode"): Kind(_sj_silent_if, lambda module: "TN", value=True),
    ("spikingjelly", "NonSpikingLIFNode"): Kind(_sj_silent_lif, lambda module: "TN", value=True),
    ("snntorch", "Leaky"): Kind(_leaky),
    ("snntorch", "Synaptic"): Kind(_synaptic),
    ("snntorch", "Lapicque"): Kind(_lapicque),
    ("norse", "LIFCell"): Kind(_norse_lif),
    ("norse", "LIF"): Kind(_norse_lif, lambda module: "TN"),
    ("norse", "LIFBoxCell"): Kind(_norse_box),
    ("norse", "IAFCell"): Kind(_norse_iaf),
    ("norse", "IAF"): Kind(_norse_iaf, lambda module: "TN"),
    ("norse", "LICell"): Kind(_norse_li, value=True),
    ("norse", "LI"): Kind(_norse_li, lambda module: "TN", value=True),
    ("norse", "LIBoxCell"): Kind(_norse_li_box, value=True),
    ("sinabs", "IAF"): _SINABS,
    ("sinabs", "LIF"): _SINABS,
    ("sinabs", "IAFSqueeze"): _SQUEEZED,
    ("sinabs", "LIFSqueeze"): _SQUEEZED,
    ("sinabs", "ExpLeak"): Kind(_exp_leak, lambda module: "NT", value=True),
    ("exporters", "Neuron"): Kind(_ours, lambda module: "TN"),
}
"""By package and class, those of a subclass too; what is not here is refused by name."""
