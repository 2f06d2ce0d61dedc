"""Networks of other libraries, as their users write them."""

import norse.torch as norse
import numpy as np
import sinabs.layers as sinabs
import snntorch
import torch
from sinabs.from_torch import from_model
from spikingjelly.activation_based import functional, layer, neuron
from spikingjelly.activation_based.model import (
    ms_resnet,
    parametric_lif_net,
    sew_resnet,
    spiking_resnet,
    spiking_vgg,
)
from torch import nn


def sane(module, shape, steps):
    """Running statistics of random data, so that spikes come through; several steps a call."""
    functional.set_step_mode(module, "m")
    norms = [each for each in module.modules() if isinstance(each, nn.BatchNorm2d)]
    for each in norms:
        each.momentum = None
        each.reset_running_stats()
    module.train()
    with torch.no_grad():
        for _ in range(2):
            functional.reset_net(module)
            module(3 * torch.rand(steps, 2, *shape))
    module.eval()
    functional.reset_net(module)
    for each in norms:
        each.weight.data.mul_(1.5).add_(0.5 * torch.rand_like(each.weight))
        each.bias.data.add_(0.5 * torch.rand_like(each.bias))
    return module


def _small_vgg():
    net = spiking_vgg.spiking_vgg11_bn(spiking_neuron=neuron.LIFNode, num_classes=10)
    net.avgpool, net.classifier = layer.AdaptiveAvgPool2d((1, 1)), layer.Linear(512, 10)
    return net


def _own_head():
    """Its own pool, to 7x7 of what is one pixel here, with fewer neurons behind it."""
    net = spiking_vgg.spiking_vgg11_bn(spiking_neuron=neuron.LIFNode, num_classes=10)
    hidden = layer.Linear(512 * 7 * 7, 64), neuron.LIFNode(), layer.Dropout(), layer.Linear(64, 10)
    net.classifier = nn.Sequential(*hidden)
    return net


ZOO = {
    "sew_resnet18": (
        lambda: sew_resnet.sew_resnet18(spiking_neuron=neuron.IFNode, cnf="ADD", num_classes=10),
        (3, 32, 32),
    ),
    "sew_resnet18.iand": (
        lambda: sew_resnet.sew_resnet18(spiking_neuron=neuron.IFNode, cnf="IAND", num_classes=10),
        (3, 32, 32),
    ),
    "sew_resnet18.and": (
        lambda: sew_resnet.sew_resnet18(spiking_neuron=neuron.LIFNode, cnf="AND", num_classes=10),
        (3, 32, 32),
    ),
    "spiking_resnet18": (
        lambda: spiking_resnet.spiking_resnet18(spiking_neuron=neuron.LIFNode, num_classes=10),
        (3, 32, 32),
    ),
    "spiking_vgg11_bn": (_small_vgg, (3, 32, 32)),
    "spiking_vgg11_bn.own": (_own_head, (3, 32, 32)),
    "ms_resnet18": (
        lambda: ms_resnet.MSResNet(
            4, 3, 10, (1, 1, 1), 16, stage_channels=(16, 24, 32), stem_kernel_size=3, stem_stride=1
        ),
        (3, 16, 16),
    ),
    "CIFAR10Net": (
        lambda: parametric_lif_net.CIFAR10Net(channels=8, spiking_neuron=neuron.LIFNode),
        (3, 32, 32),
    ),
    "DVSGestureNet": (
        lambda: parametric_lif_net.DVSGestureNet(
            channels=8, spiking_neuron=neuron.ParametricLIFNode
        ),
        (2, 128, 128),
    ),
}
"""SpikingJelly's own: factory and shape of a step."""


class SnnTorchLoop(nn.Module):
    """A loop over steps with states by hand; spikes and potentials of all steps."""

    def __init__(self, steps=6, **options):
        super().__init__()
        self.steps = steps
        self.fc1, self.lif1 = nn.Linear(16, 32), snntorch.Leaky(0.9, **options)
        self.fc2, self.lif2 = nn.Linear(32, 10), snntorch.Leaky(0.9, **options)

    def forward(self, x):
        mem1, mem2 = self.lif1.init_leaky(), self.lif2.init_leaky()
        spikes, potentials = [], []
        for _ in range(self.steps):
            spk1, mem1 = self.lif1(self.fc1(x), mem1)
            spk2, mem2 = self.lif2(self.fc2(spk1), mem2)
            spikes.append(spk2)
            potentials.append(mem2)
        return torch.stack(spikes, 0), torch.stack(potentials, 0)


class SnnTorchSynaptic(nn.Module):
    """Events in, a count of spikes out; biases behind a filter of currents."""

    def __init__(self):
        super().__init__()
        options = {"reset_mechanism": "subtract"}
        self.fc1, self.syn = nn.Linear(16, 24), snntorch.Synaptic(0.75, 0.5, **options)
        self.fc2, self.lif = nn.Linear(24, 10), snntorch.Leaky(0.5)

    def forward(self, x):
        syn, mem = self.syn.init_synaptic()
        out = self.lif.init_leaky()
        total = 0
        for step in range(x.size(0)):
            spk, syn, mem = self.syn(self.fc1(x[step]), syn, mem)
            sent, out = self.lif(self.fc2(spk), out)
            total = total + sent
        return total


class NorseReadout(nn.Module):
    """Cells, a leaky integrator at the end, the largest potential."""

    def __init__(self):
        super().__init__()
        self.fc1, self.lif = nn.Linear(16, 32), norse.LIFBoxCell()
        self.fc2, self.li = nn.Linear(32, 10), norse.LICell()

    def forward(self, x):
        state = last = None
        found = []
        for now in x:
            spikes, state = self.lif(40 * self.fc1(now), state)
            value, last = self.li(self.fc2(spikes), last)
            found.append(value)
        return torch.stack(found).max(0).values


def sinabs_cnn():
    """Samples and steps joined, several spikes a step, a floor."""
    return nn.Sequential(
        nn.Conv2d(2, 6, 3, bias=False),
        sinabs.IAFSqueeze(batch_size=1, min_v_mem=-1.0),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(54, 10, bias=False),
        sinabs.IAFSqueeze(batch_size=1),
    )


class Containers(nn.Module):
    """SpikingJelly's containers and functions; a static layer once, before steps begin."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.first = neuron.LIFNode(step_mode="m")
        norm = layer.SeqToANNContainer(nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4))
        self.body = nn.Sequential(norm, neuron.IFNode(v_reset=None, step_mode="m"))
        self.pool, self.fc = nn.MaxPool2d(2), nn.Linear(64, 20)
        self.last, self.vote = neuron.IFNode(step_mode="m"), layer.VotingLayer(2, step_mode="m")

    def forward(self, x):
        x = self.first(self.conv(x).unsqueeze(0).expand(6, -1, -1, -1, -1))
        x = functional.seq_to_ann_forward(self.body(x), [self.pool, nn.Flatten(1), self.fc])
        return self.vote(self.last(x)).mean(0)


class Normed(nn.Module):
    """With a norm of SpikingJelly's own behind the convolution."""

    def __init__(self, norm):
        super().__init__()
        self.net = nn.Sequential(
            *(layer.Conv2d(1, 4, 3), norm, neuron.LIFNode(), layer.Flatten()),
            *(layer.Linear(144, 10), neuron.LIFNode()),
        )
        functional.set_step_mode(self, "m")
        for each in norm.parameters():
            each.data += 0.5 * torch.rand_like(each)
        self.eval()

    def forward(self, x):
        return self.net(x.unsqueeze(0).repeat(4, 1, 1, 1, 1)).mean(0)


def step_norm(kind, steps):
    """With a norm that differs from step to step."""
    return Normed(getattr(layer, kind)(steps, 4))


def norse_sequence():
    """Takes one step, and hands states on."""
    return norse.SequentialState(
        *(nn.Conv2d(1, 4, 3), norse.LIFBoxCell(dt=0.005), nn.Flatten(), nn.Linear(144, 10)),
        norse.LIFBoxCell(dt=0.005),
    )


def snntorch_sequence():
    """Takes one step, keeps its states; its last neurons show theirs."""
    return nn.Sequential(
        *(nn.Flatten(), nn.Linear(64, 20), snntorch.Leaky(0.9, init_hidden=True)),
        *(nn.Linear(20, 10), snntorch.Leaky(0.9, init_hidden=True, output=True)),
    )


def sinabs_from_model():
    """As sinabs makes it of a network of ReLU."""
    plain = nn.Sequential(
        *(nn.Conv2d(1, 4, 3, bias=False), nn.ReLU(), sinabs.SumPool2d(2), nn.Flatten()),
        *(nn.Linear(36, 10, bias=False), nn.ReLU()),
    )
    return from_model(plain, input_shape=(1, 8, 8), batch_size=1)


OTHERS = {
    "tdBN": (lambda: Normed(layer.ThresholdDependentBatchNorm2d(1.0, 1.0, 4)), (1, 8, 8), {}),
    "containers": (Containers, (1, 8, 8), {}),
    "norse.sequence": (norse_sequence, (1, 8, 8), {"steps": 5}),
    "snntorch.sequence": (snntorch_sequence, (1, 8, 8), {"steps": 5, "output": "0"}),
    "sinabs.from_model": (sinabs_from_model, (6, 1, 8, 8), {}),
    "snntorch": (SnnTorchLoop, (16,), {"output": "0"}),
    "snntorch.zero": (lambda: SnnTorchLoop(reset_mechanism="zero"), (16,), {"output": "0"}),
    "snntorch.potentials": (SnnTorchLoop, (16,), {"output": "1", "readout": "max"}),
    "snntorch.synaptic": (SnnTorchSynaptic, (5, 16), {}),
    "norse": (NorseReadout, (9, 16), {}),
    "sinabs": (sinabs_cnn, (6, 2, 8, 8), {}),
}
"""Factory, shape of a sample, options."""


def samples(shape, count, events, seed=0):
    """Samples of a shape; events are small whole numbers."""
    found = 3 * np.random.default_rng(seed).random((count, *shape))
    return (np.floor(found) if events else found).astype(np.float32)
