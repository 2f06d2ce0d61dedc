"""Write `tests/exporters/stepping/trains.npz`: spikes of the shipped networks in their libraries.

`NAME/source/LAYER` are those of the trained network in float64, `NAME/integers/LAYER` those of
the library's neurons fed with the integers of the shipped file: weights, thresholds and drives
as they stand there, in float64, where sums of them are exact. Layers are left out whose reset
takes another number off than the threshold, as their libraries do not. Bits, packed, of eight
digits. `--check` compares instead of writing.
"""

import runpy
import sys

import numpy as np
import snntorch
import torch
from safetensors.torch import load_file
from spikingjelly.activation_based import neuron

from exporters.frontends.spiking.neurons import fresh, remembers
from exporters.frontends.spiking.tape import doubled
from onespike_lava import load
from onespike_lava.layers import per_neuron
from tests.exporters.stepping.trains import MODELS, PLACE, digits
from tests.libraries import kept

NAMES = ("jelly_lif", "jelly_if", "torch_leaky", "torch_if")
EXACT = ("jelly_lif", "jelly_if", "torch_if")
"""Networks whose leak integers hold exactly."""


def source(name):
    """Trains of the trained network, layer -> uint8[N, T, *shape]."""
    sys.path.insert(0, str(MODELS / "digits-steps"))
    module = runpy.run_path(str(MODELS / "digits-steps" / "models.py"))["FACTORIES"][name]()
    module.load_state_dict(load_file(str(MODELS / "digits-steps" / f"{name}.safetensors")))
    module.double().eval()
    fresh(module)
    sent = {}
    for layer, each in module.named_modules():
        if remembers(each):
            parts = sent[layer] = []
            each.register_forward_hook(lambda m, a, out, to=parts: _noted(doubled(out), to))
    with torch.no_grad():
        module(torch.from_numpy(digits()).double())
    return {layer: _train(parts) for layer, parts in sent.items()}


def _noted(out, parts):
    """The result itself, in float64: snnTorch's spikes are float32 whatever it gets."""
    parts.append(out)
    return out


def _train(parts):
    """One call on all steps, or one for each, which also returns its potential."""
    whole = torch.stack([each[0] for each in parts]) if len(parts) > 1 else parts[0]
    return whole.transpose(0, 1).numpy().astype(np.uint8)


def integers(name):
    """Trains of the library's neurons on the integers of the file."""
    network = load(MODELS / "digits-steps" / f"{name}.net")
    grid = network.input
    x = np.clip(np.rint((digits() - grid.low) / grid.step), 0, 2**grid.bits - 1)
    seen = [torch.from_numpy(x).unsqueeze(1).expand(-1, network.phases, -1, -1, -1)]
    own, found = network.run(digits(), record=True), {}
    for layer in network.layers[1:-1]:
        if alike(layer, strict=name.startswith("torch")):
            seen.append(_layer(name, layer, seen))
            found[layer.name] = seen[-1].numpy().astype(np.uint8)
        else:
            seen.append(torch.from_numpy(own.trains(layer.name)))
    return found


def alike(layer, strict):
    """Whether a layer's reset takes off what the library's would."""
    taken = layer.reset.base
    return taken is None or bool((layer.threshold.base == taken + strict).all())


def _layer(name, layer, seen):
    parts = layer.integration
    drive = 0 if parts.drive is None else per_neuron(parts.drive, layer.shape)
    current = torch.from_numpy(np.broadcast_to(drive, layer.shape).astype(np.float64))
    for synapse in layer.synapses:
        x = seen[synapse.source].double()
        weight = torch.from_numpy(synapse.weight.astype(np.float64))
        if weight.dim() == 2:
            arriving = x.flatten(2) @ weight.T
        else:
            top, left, bottom, right = synapse.window.padding
            frames = torch.nn.functional.pad(x.flatten(0, 1), (left, right, top, bottom))
            options = (None, synapse.window.stride, 0, synapse.window.dilation, synapse.groups)
            found = torch.nn.functional.conv2d(frames, weight, *options)
            arriving = found.unflatten(0, x.shape[:2])
        current = current + arriving * 2**parts.fraction_bits
    base = layer.threshold.base if layer.reset.base is None else layer.reset.base
    threshold = torch.from_numpy(per_neuron(base, layer.shape).astype(np.float64))
    return _spikes(name, current.transpose(0, 1), threshold).transpose(0, 1)


def _spikes(name, x, threshold):
    """The library's neuron, a step at a time; thresholds are one for each neuron."""
    if name == "torch_if":
        made = snntorch.Leaky(1.0, threshold=threshold).double()
        mem, sent = made.reset_mem(), []
        for now in x:
            spikes, mem = made(now, mem)
            sent.append(spikes)
        return torch.stack(sent)
    if name == "jelly_lif":  # of half the current
        made, x = neuron.LIFNode(), 2 * x
    else:
        made = neuron.IFNode(v_reset=None)
    made.v_threshold = threshold
    made.double().eval()
    return torch.stack([made(now) for now in x])


def all_of_them():
    """Arrays of the file."""
    found = {}
    for kind, names, make in (("source", NAMES, source), ("integers", EXACT, integers)):
        for name in names:
            trains = make(name)
            found |= {f"{name}/{kind}/{layer}": np.packbits(t) for layer, t in trains.items()}
    return found


if __name__ == "__main__":
    found = all_of_them()
    kept.main(found, PLACE, f"{len(found)} layers")
