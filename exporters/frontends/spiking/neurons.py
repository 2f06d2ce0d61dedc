"""Spiking modules of other libraries: known by their class's name, never imported.

What a module's attributes say is only where the search for its form begins (`probe`): versions
of a library differ in what they compare and when they reset.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from exporters.form import Form
from exporters.frontends.refs import RefusedError
from exporters.frontends.spiking import attributes

BASES = {
    "spikingjelly": (
        *("MemoryModule", "NonSpikingBaseNode", "PSN", "MaskedPSN", "SlidingPSN", "FewSpikeNode"),
        *("ILCBaseNode", "NoisyBaseNode", "NoisyNonSpikingBaseNode", "StatelessEncoder"),
        *("PopEncoder", "PopSpikeEncoderDeterministic", "PopSpikeEncoderRandom"),
        *("SpikingRNNCellBase", "SpikingRNNBase"),
    ),
    "snntorch": ("SpikingNeuron", "LeakyParallel", "GradedSpikes"),
    "norse": (
        *("SNNCell", "SNNRecurrentCell", "SNN", "SNNRecurrent", "CobaLIFCell", "LILinearCell"),
        *("LIFCorrelation", "ConstantCurrentLIFEncoder", "PoissonEncoder", "PopulationEncoder"),
        *("SignedPoissonEncoder", "SpikeLatencyEncoder", "SpikeLatencyLIFEncoder"),
    ),
    "sinabs": (
        *("StatefulLayer", "SpikingMaxPooling2dLayer", "NeuromorphicReLU", "QuantizeLayer"),
        *("Img2SpikeLayer", "Sig2SpikeLayer"),
    ),
    "lava": ("Neuron",),
    "exporters": ("Neuron",),
}
"""Package -> classes, of which one is a base of each of its modules that remember."""

IDLE = ("Dropout", "Dropout2d")
"""Classes of these bases that remember nothing in inference mode."""

ENCODES = re.compile("Encoder|2Spike")
"""Names of classes that make spikes of values."""

RECURS = re.compile("Recurrent|RNN|LSTM|GRU|^RLeaky$|^RSynaptic$")
"""Names of classes that feed what they send back into themselves."""

INSTEAD = {
    "spikingjelly": "train with IFNode, LIFNode, ParametricLIFNode or CUBALIFNode",
    "snntorch": "train with Leaky or Synaptic",
    "norse": "train with LIFCell, LIFBoxCell or IAFCell",
    "sinabs": "train with IAF or LIF",
    "lava": "use it inside a block of lava.lib.dl.slayer.block.cuba",
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


def package(kind: type) -> str:
    """The top-level package of a class."""
    return kind.__module__.split(".")[0]


def remembers(module: nn.Module) -> bool:
    """Whether the module is a neuron, or another that keeps a state, of a library known here."""
    kind = type(module)
    based = any(each.__name__ in BASES.get(package(each), ()) for each in kind.__mro__)
    return based and kind.__name__ not in IDLE


def is_spiking_module(module: nn.Module) -> bool:
    """Whether some of its modules are neurons, or others that remember, of a known library."""
    return any(remembers(each) for each in module.modules())


def kind_of(module: nn.Module) -> Kind:
    """How the module is called; `RefusedError` for a class that has no normal form."""
    kind = _kind(type(module))
    if kind is None or RECURS.search(type(module).__name__):
        raise RefusedError(no_form(module))
    return kind


def no_form(module: nn.Module) -> str:
    """Why a module that remembers is not read; empty for one that is, or remembers nothing."""
    name = type(module).__name__
    recurs = RECURS.search(name)
    if not remembers(module) or (_kind(type(module)) is not None and not recurs):
        return ""
    home = next((each for each in map(package, type(module).__mro__) if each in INSTEAD), "")
    if ENCODES.search(name):
        return "makes spikes of values; encode outside, and give events [N, T, ...]"
    if recurs:
        return f"feeds back what it sends; {INSTEAD[home]}, each layer ahead of the next"
    return f"has no normal form of integrate, fire and reset; {INSTEAD[home]}"


def _kind(module: type) -> Kind | None:
    found = (KINDS.get((package(each), each.__name__)) for each in module.__mro__)
    return next((each for each in found if each is not None), None)


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


def _modes(module: Any) -> str:
    """SpikingJelly's step modes."""
    return "TN" if getattr(module, "step_mode", "s") == "m" else "N"


_SINABS = Kind(attributes.sinabs, lambda module: "NT")
_SQUEEZED = Kind(attributes.sinabs, lambda module: "N*T")

KINDS: Mapping[tuple[str, str], Kind] = {
    ("spikingjelly", "IFNode"): Kind(attributes.integrate, _modes),
    ("spikingjelly", "SimpleIFNode"): Kind(attributes.integrate, _modes),
    ("spikingjelly", "HalfThresholdIFNode"): Kind(attributes.half, _modes),
    ("spikingjelly", "LIFNode"): Kind(attributes.leak, _modes),
    ("spikingjelly", "SimpleLIFNode"): Kind(attributes.leak, _modes),
    ("spikingjelly", "ParametricLIFNode"): Kind(attributes.parametric, _modes),
    ("spikingjelly", "CUBALIFNode"): Kind(attributes.cuba, _modes),
    ("spikingjelly", "NonSpikingIFNode"): Kind(
        attributes.silent_integrate, lambda module: "TN", value=True
    ),
    ("spikingjelly", "NonSpikingLIFNode"): Kind(
        attributes.silent_leak, lambda module: "TN", value=True
    ),
    ("snntorch", "Leaky"): Kind(attributes.leaky),
    ("snntorch", "Synaptic"): Kind(attributes.synaptic),
    ("snntorch", "Lapicque"): Kind(attributes.lapicque),
    ("norse", "LIFCell"): Kind(attributes.norse_lif),
    ("norse", "LIF"): Kind(attributes.norse_lif, lambda module: "TN"),
    ("norse", "LIFBoxCell"): Kind(attributes.norse_box),
    ("norse", "IAFCell"): Kind(attributes.norse_iaf),
    ("norse", "IAF"): Kind(attributes.norse_iaf, lambda module: "TN"),
    ("norse", "LICell"): Kind(attributes.norse_li, value=True),
    ("norse", "LI"): Kind(attributes.norse_li, lambda module: "TN", value=True),
    ("norse", "LIBoxCell"): Kind(attributes.norse_li_box, value=True),
    ("sinabs", "IAF"): _SINABS,
    ("sinabs", "LIF"): _SINABS,
    ("sinabs", "IAFSqueeze"): _SQUEEZED,
    ("sinabs", "LIFSqueeze"): _SQUEEZED,
    ("sinabs", "ExpLeak"): Kind(attributes.exp_leak, lambda module: "NT", value=True),
    ("sinabs", "ExpLeakSqueeze"): Kind(attributes.exp_leak, lambda module: "N*T", value=True),
    ("exporters", "Neuron"): Kind(attributes.own, lambda module: "TN"),
}
"""By package and class, those of a subclass too; what is not here is refused by name."""
