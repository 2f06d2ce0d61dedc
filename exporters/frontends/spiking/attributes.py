"""The form that a neuron's attributes tell, library by library.

Where the search begins only: versions differ in what they compare and when they reset.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from exporters.form import Form
from exporters.frontends.refs import RefusedError


def number(value: Any) -> Any:
    """A setting as float64; `RefusedError` for what is none."""
    if isinstance(value, torch.Tensor):
        return value.detach().cpu().double().numpy()
    if not isinstance(value, (int, float, np.number)):
        raise RefusedError(f"holds {type(value).__name__} where a number is needed")
    return float(value)


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


def integrate(module: Any) -> Form:
    """SpikingJelly's IF."""
    return _spikingjelly(module, 1.0, 1.0)


def leak(module: Any) -> Form:
    """SpikingJelly's LIF."""
    leak = 1.0 / number(module.tau)
    return _spikingjelly(module, 1.0 - leak, leak if module.decay_input else 1.0)


def parametric(module: Any) -> Form:
    """SpikingJelly's LIF with a learnt time constant."""
    leak = number(module.w.detach().sigmoid())
    return _spikingjelly(module, 1.0 - leak, leak if module.decay_input else 1.0)


def cuba(module: Any) -> Form:
    """SpikingJelly's LIF with a filter of currents."""
    return _spikingjelly(module, number(module.v_decay), 1.0, number(module.c_decay))


def half(module: Any) -> Form:
    """SpikingJelly's IF that starts at half its threshold."""
    return replace(integrate(module), start=number(module.v_threshold) / 2)


def silent_integrate(module: Any) -> Form:
    """SpikingJelly's integrator that never fires."""
    return Form(1.0, fire="none", reset="keep")


def silent_leak(module: Any) -> Form:
    """SpikingJelly's leaky integrator that never fires."""
    leak = 1.0 / number(module.tau)
    return Form(1.0, keep_v=1.0 - leak, gain=leak, fire="none", reset="keep")


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


def leaky(module: Any) -> Form:
    """SnnTorch's LIF."""
    return _snntorch(module, np.clip(number(module.beta), 0, 1))


def synaptic(module: Any) -> Form:
    """SnnTorch's LIF with a filter of currents."""
    filtered = np.clip(number(module.alpha), 0, 1)
    return _snntorch(module, np.clip(number(module.beta), 0, 1), keep_u=filtered)


def lapicque(module: Any) -> Form:
    """SnnTorch's LIF of resistance and capacity."""
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


def norse_lif(module: Any) -> Form:
    """Norse's LIF with a filter of currents."""
    p = module.p
    rest = _at_rest(p, number(p.v_leak))
    leak, filtered = number(module.dt * p.tau_mem_inv), number(module.dt * p.tau_syn_inv)
    return Form(number(p.v_th) - rest, 1 - filtered, 1 - leak, leak, fire="gt")


def norse_box(module: Any) -> Form:
    """Norse's LIF."""
    p = module.p
    leak, rest = number(module.dt * p.tau_mem_inv), number(p.v_leak)
    subtract = "subtract" in getattr(p.reset_method, "__name__", "")
    rest = rest if subtract else _at_rest(p, rest)
    reset, amount = ("subtract", number(p.v_th)) if subtract else ("zero", None)
    return Form(
        *(number(p.v_th) - rest, 0.0, 1 - leak, leak),
        amount=amount,
        fire="gt",
        reset=reset,
    )


def norse_iaf(module: Any) -> Form:
    """Norse's IF."""
    rest = number(module.p.v_reset)
    return Form(number(module.p.v_th) - rest, fire="gt")


def norse_li(module: Any) -> Form:
    """Norse's leaky integrator with a filter of currents."""
    p = module.p
    leak, filtered = number(module.dt * p.tau_mem_inv), number(module.dt * p.tau_syn_inv)
    _no_rest(p)
    return Form(1.0, 1 - filtered, 1 - leak, leak, fire="none", reset="keep")


def norse_li_box(module: Any) -> Form:
    """Norse's leaky integrator."""
    leak = number(module.dt * module.p.tau_mem_inv)
    _no_rest(module.p)
    return Form(1.0, 0.0, 1 - leak, leak, fire="none", reset="keep")


def _no_rest(p: Any) -> None:
    if np.any(number(p.v_leak) != 0):
        raise RefusedError("leaks to a value that is not 0 and is read as it is; use v_leak = 0")


def sinabs(module: Any) -> Form:
    """IF and LIF of sinabs."""
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


def exp_leak(module: Any) -> Form:
    """The leaky integrator of sinabs."""
    keep = number(module.alpha_mem_calculated)
    gain = 1.0 - keep if module.norm_input else 1.0
    floor = None if module.min_v_mem is None else number(module.min_v_mem)
    return Form(1.0, keep_v=keep, gain=gain, floor=floor, fire="none", reset="keep")


def own(module: Any) -> Form:
    """Neurons of `exporters.training`."""
    return Form(
        *(number(module.threshold), number(module.current_decay), number(module.decay)),
        amount=None if module.amount is None else number(module.amount),
        fire="gt" if module.strict else "ge",
        reset=module.reset,
    )
