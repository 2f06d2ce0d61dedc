"""Networks of SLAYER's blocks, as its users write them."""

import numpy as np
import torch
from lava.lib.dl import slayer
from lava.lib.dl.slayer.neuron.norm import MeanOnlyBatchNorm

STEPS, SAMPLES = 14, 6
NEURON = {"threshold": 0.6, "current_decay": 0.25, "voltage_decay": 0.1}
BLOCK = slayer.block.cuba


class Net(torch.nn.Module):
    """Blocks in a row, as SLAYER's tutorials write them."""

    def __init__(self, *blocks, read=lambda spikes: spikes):
        super().__init__()
        self.blocks, self.read = torch.nn.ModuleList(blocks), read

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.read(x)


def options(**more):
    return {**NEURON, **more}


def dense():
    return Net(
        BLOCK.Dense(options(norm=MeanOnlyBatchNorm), 20, 16, weight_norm=True, delay=True),
        BLOCK.Dense(options(shared_param=False), 16, 12, weight_scale=2, delay=True),
        BLOCK.Dense(NEURON, 12, 6, weight_scale=2),
        BLOCK.Average(num_outputs=3),
    )


def conv():
    return Net(
        BLOCK.Input(delay_shift=False),
        BLOCK.Conv(options(norm=MeanOnlyBatchNorm), 2, 6, 3, padding=1, weight_scale=3),
        BLOCK.Pool(options(threshold=1.5), 2, delay=True),
        BLOCK.Conv(NEURON, 6, 4, 2, stride=(2, 1), groups=2, weight_scale=4, weight_norm=True),
        BLOCK.Flatten(),
        BLOCK.Dense(NEURON, 4 * 2 * 3, 5, weight_scale=3, delay_shift=False),
        read=lambda spikes: spikes.mean(-1),
    )


def recurrent():
    return Net(
        BLOCK.Recurrent(dict(NEURON), 20, 16, weight_scale=2),
        BLOCK.Dense(options(scale=32), 16, 8, weight_scale=2),
        BLOCK.Affine(NEURON, 8, 4),
        read=lambda states: states.amax(-1),
    )


def currents():
    return Net(
        BLOCK.Dense(NEURON, (4, 5, 1), 9, weight_scale=2),
        BLOCK.Affine(NEURON, 9, 4, dynamics=False),
        read=lambda currents: currents.sum(-1),
    )


NETWORKS = {
    "dense": (dense, (20,)),
    "conv": (conv, (2, 8, 8)),
    "recurrent": (recurrent, (20,)),
    "currents": (currents, (1, 5, 4)),
}


def made(name):
    """A module with norms that have seen data, delays drawn, and events for it."""
    torch.manual_seed(3)
    make, shape = NETWORKS[name]
    module = make()
    random = np.random.default_rng(4)
    x = (random.random((SAMPLES, STEPS, *shape)) < 0.3).astype(np.uint8)
    with torch.no_grad():
        module(torch.from_numpy(x.astype(np.float32)).movedim(1, -1))
        for each in module.modules():
            if isinstance(each, MeanOnlyBatchNorm):
                each.running_mean.uniform_(-0.2, 0.2)
            if type(each).__name__ == "Delay":
                each.delay.data.mul_(4)
    return module, x
