"""Spiking networks trained as such: ordinary torch modules over [T, N, ...], and one loop.

surrogates   : what stands for the derivative of a spike, by height and width
fused        : a neuron's T steps as one function for autograd
neurons      : IF, LIF and CUBA as modules
tssl         : the backward pass of TSSL-BP, its filter and its loss
layers       : time folded into the batch, a static input repeated, spike-element-wise joins
residual     : SEW, spiking and plain residual networks
measures     : the factor by which a layer changes the gradient, how often neurons fire
augmentation : images moved and mirrored
checkpoint   : a run on disk, resumed after a kill
plan         : how a network is trained, and what that gave
loop         : training, seeded and resumable
rewiring     : few synapses, which ones is learnt: Grad R, Deep R, pruning
stdp         : learning without labels by the order of spikes, pruned meanwhile; needs no torch

`x[T, N, ...] -> spikes[T, N, ...]` is all that a neuron does; nothing is kept between calls.
The names below are loaded, and torch with them, when they are first used.
"""

from typing import TYPE_CHECKING

from onespike_lava.system.lazy import loader

if TYPE_CHECKING:
    from exporters.training.augmentation import Shifts
    from exporters.training.layers import Folded, Join, Repeat
    from exporters.training.loop import accuracy, fit
    from exporters.training.measures import gain, rates
    from exporters.training.neurons import CUBA, IF, LIF, Neuron
    from exporters.training.plan import Plan, Result
    from exporters.training.residual import Block, ResNet
    from exporters.training.surrogates import S2NN, ATan, Rectangle, Sigmoid, SuperSpike, Surrogate
    from exporters.training.tssl import TSSL, KernelLoss, Trace

__all__ = [
    "CUBA",
    "IF",
    "LIF",
    "S2NN",
    "TSSL",
    "ATan",
    "Block",
    "Folded",
    "Join",
    "KernelLoss",
    "Neuron",
    "Plan",
    "Rectangle",
    "Repeat",
    "ResNet",
    "Result",
    "Shifts",
    "Sigmoid",
    "SuperSpike",
    "Surrogate",
    "Trace",
    "accuracy",
    "fit",
    "gain",
    "rates",
]

__getattr__ = loader(
    __name__,
    {
        "ATan": "surrogates",
        "Block": "residual",
        "CUBA": "neurons",
        "Folded": "layers",
        "IF": "neurons",
        "Join": "layers",
        "KernelLoss": "tssl",
        "LIF": "neurons",
        "Neuron": "neurons",
        "Plan": "plan",
        "Rectangle": "surrogates",
        "Repeat": "layers",
        "ResNet": "residual",
        "Result": "plan",
        "S2NN": "surrogates",
        "Shifts": "augmentation",
        "Sigmoid": "surrogates",
        "SuperSpike": "surrogates",
        "Surrogate": "surrogates",
        "TSSL": "tssl",
        "Trace": "tssl",
        "accuracy": "loop",
        "fit": "loop",
        "gain": "measures",
        "rates": "measures",
    },
)
