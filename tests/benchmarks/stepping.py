"""Networks that step for `bench_stepping.py`: VGG and ResNet-20 with LIF neurons.

Shapes alone matter to the time, and how many neurons spike: weights are drawn, the threshold of
each layer is set so that 15 % of its neuron-steps spike on noise. The same integers go to this
package, to SpikingJelly's multi-step modules, whose spikes must be the same, and to the plain
network of ReLUs that ONNX Runtime runs once a step.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from onespike_lava import Network
from onespike_lava.layers import (
    Input,
    Integration,
    Layer,
    MaxPool,
    Reset,
    Synapse,
    Threshold,
    Timed,
    TimedReadout,
    Window,
)
from onespike_lava.layers.timed import ONE, Firing

RATE, CALIBRATION = 0.15, 4
"""Share of neuron-steps that spike; images that thresholds are set on."""

SAME = (1, 1, 1, 1)


@dataclass
class Stage:
    """One layer of LIF neurons, perhaps behind a max pool.

    kernels : convolutions int8[O, I, rows, columns] with stride, padding and position of the stage
              that each reads, -1 for the input
    pooled  : whether the largest of 2 x 2 places is passed on
    """

    kernels: list[tuple[torch.Tensor, int, int, int]]
    pooled: bool = False
    threshold: float = 1.0


@dataclass
class Plan:
    """A network as stages; `linear` int8[10, C, rows, columns] reads the last one whole."""

    name: str
    steps: int
    samples: np.ndarray
    linear: torch.Tensor
    stages: list[Stage] = field(default_factory=list)


def drawn(rng: np.random.Generator, *shape: int) -> torch.Tensor:
    """Weights as float32 of integers."""
    values = rng.normal(0, 30, shape).round().clip(-127, 127)
    return torch.from_numpy(values.astype(np.float32))


def noise(count: int) -> np.ndarray:
    """Images of 8 bits, float32[count, 3, 32, 32]."""
    rng = np.random.default_rng(1)
    coarse = rng.integers(0, 226, (count, 3, 8, 8)).repeat(4, axis=2).repeat(4, axis=3)
    return (coarse + rng.integers(0, 30, coarse.shape)).astype(np.float32)


def vgg(steps: int, samples: int) -> Plan:
    """The shape of `netx_models/vgg-cifar10`."""
    rng, channels = np.random.default_rng(2), 3
    stages = []
    for width in (32, 64, 128):
        for second in (False, True):
            weight = drawn(rng, width, channels, 3, 3)
            stages.append(Stage([(weight, 1, 1, len(stages) - 1)], pooled=second))
            channels = width
    return calibrated(Plan("VGG", steps, noise(samples), drawn(rng, 10, 128, 4, 4), stages))


def resnet20(steps: int, samples: int) -> Plan:
    """ResNet-20, shortcuts added to the synaptic input of a block's second layer."""
    rng = np.random.default_rng(3)
    stages = [Stage([(drawn(rng, 16, 3, 3, 3), 1, 1, -1)])]
    channels = 16
    for width in (16, 32, 64):
        for _ in range(3):
            source, stride = len(stages) - 1, width // channels
            stages.append(Stage([(drawn(rng, width, channels, 3, 3), stride, 1, source)]))
            main = (drawn(rng, width, width, 3, 3), 1, 1, source + 1)
            skip = torch.zeros(width, channels, 1, 1)
            for channel in range(channels):
                skip[(width - channels) // 2 + channel, channel] = 100
            stages.append(Stage([main, (skip, stride, 0, source)]))
            channels = width
    linear = drawn(rng, 10, 64, 1, 1).expand(10, 64, 8, 8)  # behind an average over the plane
    return calibrated(Plan("ResNet-20", steps, noise(samples), linear, stages))


def calibrated(plan: Plan) -> Plan:
    """The plan with thresholds at which its neurons spike at `RATE`."""
    x = torch.from_numpy(plan.samples[:CALIBRATION])
    outputs = [x.expand(plan.steps, *x.shape)]
    for stage in plan.stages:
        current = torch.stack(
            [currents(stage, [each[t] for each in outputs]) for t in range(plan.steps)]
        )
        low, high = 1.0, float(current.max()) * 2
        while high - low > 1:
            stage.threshold = float(round((low + high) / 2))
            if lif(current, stage.threshold).mean() > RATE:
                low = stage.threshold
            else:
                high = stage.threshold
        stage.threshold = high
        spikes = lif(current, stage.threshold)
        if stage.pooled:
            spikes = nn.functional.max_pool2d(spikes.flatten(0, 1), 2).unflatten(
                0, current.shape[:2]
            )
        outputs.append(spikes)
    return plan


def currents(stage: Stage, outputs: list[torch.Tensor]) -> torch.Tensor:
    """Synaptic input of a stage in a step."""
    convolve = nn.functional.conv2d
    parts = [
        convolve(outputs[source + 1], weight, stride=stride, padding=padding)
        for weight, stride, padding, source in stage.kernels
    ]
    return sum(parts[1:], parts[0])


def lif(current: torch.Tensor, threshold: float) -> torch.Tensor:
    """Spikes of neurons that keep half and reset to 0, for input [T, ...]."""
    v, spikes = torch.zeros_like(current[0]), []
    for step in current:
        v = v / 2 + step
        fires = v >= threshold
        spikes.append(fires.float())
        v = torch.where(fires, 0.0, v)
    return torch.stack(spikes)


def network(plan: Plan) -> Network:
    """The integer network."""
    layers: list[Layer] = [Input("input", (3, 32, 32), 8, np.zeros(1), np.ones(1), "constant")]
    places = [0]  # position of each stage's output, the input first
    for number, stage in enumerate(plan.stages):
        synapses = []
        for weight, stride, padding, source in stage.kernels:
            window = Window((stride, stride), (padding,) * 4)
            synapses.append(Synapse(places[source + 1], weight.numpy().astype(np.int8), window))
        shape = synapses[0].output_shape(layers[synapses[0].source].shape)
        base = np.full(shape[0], stage.threshold, np.int32)
        integration = Integration(np.zeros(shape[0], np.int32), keep_v=half())
        parts = (integration, Threshold(base), Reset("zero"), Firing())
        layers.append(Timed(f"lif{number}", shape, tuple(synapses), *parts, np.ones(shape[0])))
        if stage.pooled:
            pooled = (shape[0], shape[1] // 2, shape[2] // 2)
            source = len(layers) - 1
            layers.append(MaxPool(f"pool{number}", pooled, source, (2, 2), Window((2, 2))))
        places.append(len(layers) - 1)
    weight = plan.linear.reshape(10, -1).numpy().astype(np.int8)
    synapse = Synapse(len(layers) - 1, weight)
    layers.append(TimedReadout("out", (10,), (synapse,), Integration(np.zeros(10, np.int32)), 1.0))
    return Network(tuple(layers), plan.steps, 0)


def half() -> np.ndarray:
    """What a membrane of tau 2 keeps."""
    return np.array([ONE // 2], np.int32)


def jelly(plan: Plan) -> nn.Module:
    """SpikingJelly's modules in multi-step mode; what is constant in time is convolved once."""
    from spikingjelly.activation_based import neuron

    class Spiking(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.convolutions = nn.ModuleList(
                convolution(*each) for stage in plan.stages for each in stage.kernels
            )
            self.neurons = nn.ModuleList(
                neuron.LIFNode(2.0, False, stage.threshold, 0.0, step_mode="m")
                for stage in plan.stages
            )
            self.linear = linear(plan)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            outputs, number = [x], 0
            for stage, neurons in zip(plan.stages, self.neurons, strict=True):
                total = None
                for *_, source in stage.kernels:
                    part = self.convolutions[number](outputs[source + 1])
                    number += 1
                    if source < 0:
                        part = part.unsqueeze(0).expand(plan.steps, *part.shape).flatten(0, 1)
                    total = part if total is None else total + part
                spikes = neurons(total.unflatten(0, (plan.steps, -1))).flatten(0, 1)
                outputs.append(nn.functional.max_pool2d(spikes, 2) if stage.pooled else spikes)
            return self.linear(outputs[-1].flatten(1)).unflatten(0, (plan.steps, -1)).sum(0)

    return Spiking().eval()


def plain(plan: Plan) -> nn.Module:
    """The same layers of ReLUs, one pass."""

    class Plain(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.convolutions = nn.ModuleList(
                convolution(*each) for stage in plan.stages for each in stage.kernels
            )
            self.linear = linear(plan)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            outputs, number = [x], 0
            for stage in plan.stages:
                total = None
                for *_, source in stage.kernels:
                    part = self.convolutions[number](outputs[source + 1])
                    total = part if total is None else total + part
                    number += 1
                active = nn.functional.relu(total)
                outputs.append(nn.functional.max_pool2d(active, 2) if stage.pooled else active)
            return self.linear(outputs[-1].flatten(1))

    return Plain().eval()


def convolution(weight: torch.Tensor, stride: int, padding: int, source: int) -> nn.Conv2d:
    """A convolution without bias."""
    outputs, inputs, rows, _ = weight.shape
    made = nn.Conv2d(inputs, outputs, rows, stride, padding, bias=False)
    made.weight = nn.Parameter(weight.clone(), requires_grad=False)
    return made


def linear(plan: Plan) -> nn.Linear:
    """The last layer, its source flattened."""
    weight = plan.linear.reshape(10, -1)
    made = nn.Linear(weight.shape[1], 10, bias=False)
    made.weight = nn.Parameter(weight.clone(), requires_grad=False)
    return made


PLANS = {"vgg": vgg, "resnet20": resnet20}
