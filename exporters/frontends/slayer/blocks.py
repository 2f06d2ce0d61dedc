"""One of SLAYER's CUBA blocks as a layer of a plain lava-dl file: `key -> array`.

SLAYER computes in integers: with `scale` its neuron's, a weight is `weight * scale`, even where
`quantize_8bit` rounds it, and a state 1 is `64 * scale`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from exporters.frontends.refs import RefusedError

Keys = dict[str, Any]

HOME = ".slayer.block."
"""Part of the name of modules that define blocks."""

WAY = "use blocks of slayer.block.cuba: Dense, Conv, Pool, Recurrent"

LARGEST = 4096
"""From this threshold mantissa on SLAYER's float32 fires at the threshold, Lava above it only."""


def block_kind(module: nn.Module) -> str:
    """The name of a block's class, as SLAYER has it; empty for what is no block."""
    return next((each.__name__ for each in type(module).__mro__ if _is_block(each)), "")


def _home(block: nn.Module) -> str:
    return next(each.__module__ for each in type(block).__mro__ if _is_block(each))


def _is_block(kind: type) -> bool:
    return HOME in kind.__module__ and kind.__module__.startswith("lava.")


def is_drawn(module: nn.Module) -> bool:
    """Whether a block's delays or decays are drawn in its first call, which has not been."""
    delay: Any = getattr(module, "delay", None)
    neuron: Any = getattr(module, "neuron", None)
    decays = getattr(neuron, "shared_param", True) is False and neuron.shape is None
    return bool(decays or (delay is not None and not delay.init))


def read_block(block: Any, source: tuple[int, ...]) -> Keys:
    """Keys of a block's layer; none of a block that passes on what it gets.

    source : shape of what it reads, (C, H, W) or (F,)

    The block has been called, so that its weights are those of that call. Raises `RefusedError`
    for what integers here do not do.
    """
    kind, home = block_kind(block), _home(block).rpartition(".")[2]
    other = kind not in PLAIN and home != "cuba"
    if other or kind not in KINDS:
        raise RefusedError(f"{kind} blocks of {home} neurons are not read; {WAY}")
    return KINDS[kind](block, source)


def _passed(block: Any, source: tuple[int, ...]) -> Keys:
    if getattr(block, "neuron", None) is not None:
        raise RefusedError("an input with neurons; give the spikes that they send")
    return {}


def _average(block: Any, source: tuple[int, ...]) -> Keys:
    return {"type": "average", "shape": block.num_outputs}


def _dense(block: Any, source: tuple[int, ...]) -> Keys:
    weight = _weight(block, block.synapse)
    return {**_full(weight, source), **_neurons(block), **_delay(block)}


def _recurrent(block: Any, source: tuple[int, ...]) -> Keys:
    if block.delay is not None:
        raise RefusedError("a recurrent block with axonal delays; leave them out (delay=False)")
    recurs = _weight(block, block.recurrent_synapse)
    keys = _full(_weight(block, block.input_synapse), source)
    keys |= {"type": "dense_rec", "weight_rec": recurs.reshape(len(recurs), -1)}
    return {**keys, **_neurons(block)}


def _affine(block: Any, source: tuple[int, ...]) -> Keys:
    keys = _full(_weight(block, block.synapse), source)
    if block.dynamics:
        keys |= {**_neurons(block), "neuron/vThMant": 2**18 - 1}
    return keys


def _full(weight: Any, source: tuple[int, ...]) -> Keys:
    if weight[0].size != np.prod(source):
        raise RefusedError(
            f"{weight[0].size} inputs for what reads {list(source)}; read all of it, or use a Conv"
        )
    return {"type": "dense", "shape": len(weight), "weight": weight.reshape(len(weight), -1)}


def _conv(block: Any, source: tuple[int, ...]) -> Keys:
    synapse = block.synapse
    keys = {
        "type": "conv",
        "shape": tuple(block.neuron.shape),
        "weight": _weight(block, synapse),
        "stride": synapse.stride[:2],
        "padding": synapse.padding[:2],
        "dilation": synapse.dilation[:2],
        "groups": synapse.groups,
    }
    return {**keys, **_neurons(block), **_delay(block)}


def _pool(block: Any, source: tuple[int, ...]) -> Keys:
    """A convolution of each channel alone."""
    synapse = block.synapse
    kernel, stride = tuple(synapse.kernel_size[:2]), tuple(synapse.stride[:2])
    plain = stride == kernel and not any(synapse.padding) and set(synapse.dilation) == {1}
    if not plain or any(size % part for size, part in zip(source[1:], kernel, strict=True)):
        raise RefusedError(
            f"pools {list(source)} by {list(kernel)} with strides {list(stride)}; use windows side "
            "by side that fill the plane, or a Conv with as many groups as channels"
        )
    weight = np.broadcast_to(_weight(block, synapse), (source[0], 1, *kernel, 1))
    keys: Keys = {"type": "conv", "shape": tuple(block.neuron.shape), "weight": weight}
    keys |= {"stride": stride, "groups": source[0]}
    return {**keys, **_neurons(block), **_delay(block)}


KINDS: Mapping[str, Callable[[Any, tuple[int, ...]], Keys]] = {
    "Input": _passed,
    "Flatten": _passed,
    "Average": _average,
    "Dense": _dense,
    "Recurrent": _recurrent,
    "Affine": _affine,
    "Conv": _conv,
    "Pool": _pool,
}
"""Class of a block -> what reads it."""

PLAIN = ("Flatten", "Average")
"""Blocks without neurons, the same of all families."""

ENDS = ("Average", "Affine")
"""Blocks without spikes of their own, behind which nothing is read."""


def _weight(block: Any, synapse: Any) -> Any:
    """Integer weights in the synapse's shape, as its calls use them."""
    hook, found = synapse.pre_hook_fx, synapse.weight
    with torch.no_grad():
        found = (found if hook is None else hook(found)).detach().double().cpu().numpy()
    found = found * block.neuron.w_scale
    if (found != np.rint(found)).any():
        raise RefusedError(
            "weights that no pre_hook_fx makes whole numbers; leave the neuron's own quantize_8bit"
        )
    return found


def _neurons(block: Any) -> Keys:
    neuron = block.neuron
    if neuron.graded_spike:
        raise RefusedError("sends its potential (graded_spike); leave that out")
    mantissa = 0 if neuron.threshold in (None, -1) else int(neuron.threshold * neuron.w_scale)
    if mantissa >= LARGEST:
        raise RefusedError(
            f"a threshold of {neuron.threshold:g}, where SLAYER's float32 fires at it and Lava "
            f"above it only; use one below {LARGEST / neuron.w_scale:g}"
        )
    keys = {
        "neuron/type": "CUBA",
        "neuron/iDecay": np.atleast_1d(neuron.cx_current_decay),
        "neuron/vDecay": np.atleast_1d(neuron.cx_voltage_decay),
        "neuron/vThMant": mantissa,
    }
    bias = None if neuron.norm is None else _bias(neuron)
    return keys if bias is None else {**keys, "bias": bias}


def _bias(neuron: Any) -> Any:
    """What a norm of the current takes off, as a bias; `RefusedError` for one that scales it."""
    norm, name = neuron.norm, type(neuron.norm).__name__
    scales = name == "WgtScaleBatchNorm" and bool((norm.std(norm.running_var) != 1).any())
    if scales or name not in ("MeanOnlyBatchNorm", "WgtScaleBatchNorm"):
        raise RefusedError(f"a norm {name} that scales currents; use MeanOnlyBatchNorm")
    with torch.no_grad():
        mean = norm.pre_hook_fx(norm.running_mean).double().cpu().numpy() * neuron.w_scale
    if (mean != np.rint(mean)).any():
        raise RefusedError("a norm whose mean is no whole number; leave its own pre_hook_fx")
    return -mean.reshape(-1)


def _delay(block: Any) -> Keys:
    if block.delay is None:
        return {}
    with torch.no_grad():
        return {"delay": torch.floor(block.delay.delay).flatten().cpu().numpy()}
