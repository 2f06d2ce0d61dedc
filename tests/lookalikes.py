"""Modules named and called as those of spiking libraries, for environments without these.

Each computes what the library's does: `tests/exporters/frontends/spiking/test_traces.py` holds them
against spikes that the libraries themselves gave.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn


def of(package):
    """A class decorator: as if the class were that package's."""

    def named(kind):
        kind.__module__ = f"{package}.neuron"
        return kind

    return named


@of("spikingjelly")
class MemoryModule(nn.Module):
    """Keeps `v` until `reset`; one step or all, as `step_mode` says."""

    def __init__(self, step_mode="s"):
        super().__init__()
        self.step_mode = step_mode
        self.reset()

    def reset(self):
        self.v = self.i = 0.0

    def forward(self, x):
        if self.step_mode == "s":
            return self.step(x)
        return torch.stack([self.step(each) for each in x])


class _Node(MemoryModule):
    def __init__(self, v_threshold=1.0, v_reset=0.0, step_mode="s"):
        self.v_threshold, self.v_reset = v_threshold, v_reset
        super().__init__(step_mode)

    def reset(self):
        self.v, self.i = self.v_reset or 0.0, 0.0

    def step(self, x):
        self.charge(x)
        spikes = (self.v - self.v_threshold >= 0).to(x.dtype)
        if self.v_reset is None:
            self.v = self.v - spikes * self.v_threshold
        else:
            self.v = spikes * self.v_reset + (1.0 - spikes) * self.v
        return spikes


@of("spikingjelly")
class IFNode(_Node):
    def charge(self, x):
        self.v = self.v + x


@of("spikingjelly")
class LIFNode(_Node):
    def __init__(self, tau=2.0, decay_input=True, **options):
        super().__init__(**options)
        self.tau, self.decay_input = tau, decay_input

    def charge(self, x):
        away = self.v - (self.v_reset or 0.0)
        self.v = self.v + ((x - away) / self.tau if self.decay_input else x - away / self.tau)


@of("spikingjelly")
class CUBALIFNode(_Node):
    def __init__(self, c_decay=0.5, v_decay=0.75, v_threshold=0.5, **options):
        super().__init__(v_threshold, **options)
        self.c_decay, self.v_decay = c_decay, v_decay

    def charge(self, x):
        self.i = self.i * self.c_decay + x
        self.v = self.v * self.v_decay + self.i


@of("spikingjelly")
class KLIFNode(LIFNode):
    """Of a class that is read, but not what that computes."""

    def charge(self, x):
        super().charge(x)
        self.v = torch.relu(self.v)


@of("spikingjelly")
class QIFNode(MemoryModule):
    """Of no class that is read."""

    def step(self, x):
        return x


@of("spikingjelly")
class StatelessEncoder(nn.Module):
    """Makes spikes of values."""


@of("spikingjelly")
class PoissonEncoder(StatelessEncoder):
    def forward(self, x):
        return (torch.rand_like(x) <= x).to(x.dtype)


@of("spikingjelly")
class VotingLayer(nn.Module):
    def __init__(self, voting_size=10):
        super().__init__()
        self.voting_size = voting_size

    def forward(self, x):
        return x.unflatten(-1, (-1, self.voting_size)).mean(-1)


class Steps(nn.Module):
    """A layer of one step, called on all: samples and steps joined inside."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        found = self.inner(x.flatten(0, 1))
        return found.view(x.shape[0], x.shape[1], *found.shape[1:])


@of("snntorch")
class SpikingNeuron(nn.Module):
    def __init__(self, threshold, reset_mechanism, reset_delay, init_hidden, inhibition=False):
        super().__init__()
        self.register_buffer("threshold", torch.as_tensor(threshold))
        self.register_buffer("graded_spikes_factor", torch.as_tensor(1.0))
        self.reset_mechanism, self.reset_delay = reset_mechanism, reset_delay
        self.init_hidden, self.inhibition, self.state_quant = init_hidden, inhibition, False
        self.reset_mem()

    def reset_mem(self):
        self.mem = self.syn = torch.zeros(())
        return self.mem

    init_leaky = reset_mem

    def forward(self, x, *states):
        if states:
            *syn, self.mem = states
            self.syn = syn[0] if syn else self.syn
        late = (self.mem > self.threshold).to(x.dtype)
        current, base = self.charge(x)
        mechanism = self.reset_mechanism
        if mechanism == "subtract":
            base = base - late * self.threshold
        elif mechanism == "zero":
            base = self.zeroed(current, base, late)
        self.mem = base
        spikes = (self.mem > self.threshold).float()
        if not self.reset_delay and mechanism != "none":
            taken = self.threshold if mechanism == "subtract" else self.mem
            self.mem = self.mem - (spikes - late) * taken
        states = (self.syn, self.mem) if hasattr(self, "alpha") else (self.mem,)
        return spikes if self.init_hidden else (spikes, *states)


@of("snntorch")
class Leaky(SpikingNeuron):
    def __init__(
        self, beta, threshold=1.0, reset_mechanism="subtract", reset_delay=True, init_hidden=False
    ):
        super().__init__(threshold, reset_mechanism, reset_delay, init_hidden)
        self.register_buffer("beta", torch.as_tensor(beta))

    def charge(self, x):
        return x, self.beta * self.mem + x

    def zeroed(self, current, base, late):
        return self.beta * ((1 - late) * self.mem) + current


@of("snntorch")
class Synaptic(SpikingNeuron):
    def __init__(
        self,
        alpha,
        beta,
        threshold=1.0,
        reset_mechanism="subtract",
        reset_delay=True,
        init_hidden=False,
    ):
        super().__init__(threshold, reset_mechanism, reset_delay, init_hidden)
        self.register_buffer("alpha", torch.as_tensor(alpha))
        self.register_buffer("beta", torch.as_tensor(beta))

    def init_synaptic(self):
        self.reset_mem()
        return self.syn, self.mem

    def charge(self, x):
        self.syn = self.alpha * self.syn + x
        return self.syn, self.beta * self.mem + self.syn

    def zeroed(self, current, base, late):
        return base - base * late


@of("snntorch")
class RLeaky(Leaky):
    """Feeds back what it sends."""

    def __init__(self):
        super().__init__(0.9, init_hidden=True)

    def charge(self, x):
        return x, self.beta * self.mem + x + 0.5 * (self.mem > self.threshold).to(x.dtype)


class LIFParameters(NamedTuple):
    tau_syn_inv: torch.Tensor = torch.as_tensor(200.0)
    tau_mem_inv: torch.Tensor = torch.as_tensor(100.0)
    v_leak: torch.Tensor = torch.as_tensor(0.0)
    v_th: torch.Tensor = torch.as_tensor(1.0)
    v_reset: torch.Tensor = torch.as_tensor(0.0)


class LIFState(NamedTuple):
    v: torch.Tensor
    i: torch.Tensor


@of("norse")
class SNNCell(nn.Module):
    def __init__(self, p=None, dt=0.001):
        super().__init__()
        self.p, self.dt = p or LIFParameters(), dt

    def moved(self, x, state):
        state = state or LIFState(self.p.v_leak, torch.zeros_like(x))
        i = state.i + x
        v = state.v + self.dt * self.p.tau_mem_inv * ((self.p.v_leak - state.v) + i)
        return v, i - self.dt * self.p.tau_syn_inv * i


@of("norse")
class LIFCell(SNNCell):
    def forward(self, x, state=None):
        v, i = self.moved(x, state)
        spikes = (v - self.p.v_th > 0).to(x.dtype)
        return spikes, LIFState((1 - spikes) * v + spikes * self.p.v_reset, i)


@of("norse")
class LICell(SNNCell):
    def forward(self, x, state=None):
        v, i = self.moved(x, state)
        return v, LIFState(v, i)


@of("sinabs")
class StatefulLayer(nn.Module):
    """Takes [N, T, ...]; several spikes a step, reset by subtraction, a floor."""

    norm_input = False
    alpha_mem_calculated = torch.tensor(1.0)
    alpha_syn_calculated = None

    def __init__(self, spike_threshold=1.0, min_v_mem=None):
        super().__init__()
        self.spike_threshold, self.min_v_mem = torch.tensor(spike_threshold), min_v_mem
        self.spike_fn, self.reset_fn = MultiSpike, MembraneSubtract()
        self.v_mem = None

    def reset_states(self):
        self.v_mem = None

    def forward(self, x):
        v = torch.zeros_like(x[:, 0]) if self.v_mem is None else self.v_mem
        found = []
        for arriving in x.unbind(1):
            v = v + arriving
            spikes = (v > 0) * torch.div(v, self.spike_threshold, rounding_mode="trunc")
            v = v - spikes * self.spike_threshold
            v = v if self.min_v_mem is None else v.clamp(min=self.min_v_mem)
            found.append(spikes.float())
        self.v_mem = v
        return torch.stack(found, 1)


class MultiSpike:
    """Named as the function that sinabs counts with."""


class MembraneSubtract:
    subtract_value = None


@of("sinabs")
class IAF(StatefulLayer):
    """Keeps everything."""


@of("sinabs")
class IAFSqueeze(StatefulLayer):
    def __init__(self, batch_size=1, num_timesteps=-1, **options):
        super().__init__(**options)
        self.batch_size, self.num_timesteps = batch_size, num_timesteps

    def forward(self, x):
        wide = x.reshape(self.batch_size, self.num_timesteps, *x.shape[1:])
        return super().forward(wide).flatten(0, 1)
