"""Pruning by size, and live synapses counted, in modules and in files."""

# ruff: noqa: E402  (imports follow importorskip)

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import nn

from exporters import convert_spiking
from exporters.training import LIF, Folded, Repeat
from exporters.training.rewiring import connectivity, live, prune
from exporters.training.rewiring.synapses import told
from onespike_lava.errors import OptionError
from onespike_lava.evaluation.tally import evaluate
from onespike_lava.netx import load, save


def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(10, 20), nn.ReLU(), nn.Linear(20, 5))


def test_the_largest_of_all_layers_stay():
    module = model()
    sizes = torch.cat([module[at].weight.detach().abs().flatten() for at in (0, 2)])
    with torch.no_grad():
        sizes[200:] *= 2
        module[2].weight.mul_(2)
    prune(module, 0.1)
    kept = torch.cat([module[at].weight.detach().abs().flatten() for at in (0, 2)])
    assert live(module) == (30, 300)
    assert sorted(kept[kept > 0].tolist()) == sorted(sizes.topk(30).values.tolist())


def test_shares_by_layer_and_at_least_one_of_each():
    module = model()
    prune(module, {"0.weight": 0.25, "2.weight": 1e-9})
    assert connectivity(module) == {"0.weight": 0.25, "2.weight": pytest.approx(0.01)}


def test_slips():
    with pytest.raises(OptionError, match="share is 0; give one above 0 up to 1"):
        prune(model(), 0)
    with pytest.raises(OptionError, match=r"1.weight is no weight; they are 0.weight, 2.weight"):
        prune(model(), {"1.weight": 0.5})
    with pytest.raises(OptionError, match="share is 'half'; give one above 0 up to 1"):
        prune(model(), "half")
    with pytest.raises(OptionError, match="ReLU has no weights of two axes and more"):
        prune(nn.ReLU(), 0.5)


class Rate(nn.Module):
    def forward(self, x):
        return x.mean(0)


def test_a_file_counts_what_is_left_after_rounding(tmp_path):
    """Spikes pass live synapses alone, by the matrix itself."""
    torch.manual_seed(0)
    dense = (nn.Linear(12, 30, bias=False), nn.Linear(30, 4, bias=False))
    module = nn.Sequential(Repeat(4), Folded(dense[0]), LIF(), Folded(dense[1]), LIF(), Rate())
    prune(module, {"1.0.weight": 0.3, "3.0.weight": 0.3})
    x = np.random.default_rng(0).integers(0, 256, (40, 12)).astype(np.float32) / 16
    network = convert_spiking(module, x, rounding="nearest").network
    found = told(network)
    save(found, tmp_path / "few.net")
    found = load(tmp_path / "few.net")
    layers = {each.name: each for each in found.layers}
    name = next(iter(found.neurons))
    run = found.run(x, record=True)
    reader = next(
        each
        for each in found.layers
        if each.synapses and layers[name] is found.layers[each.sources[0]]
    )
    (synapse,) = reader.synapses
    spikes = run.trains(name).sum(axis=(0, 1)).astype(int)
    expected = (spikes * np.count_nonzero(synapse.weight, axis=0)).sum() / len(x)
    live_now = [
        np.count_nonzero(each.weight) for layer in found.layers[:-1] for each in layer.synapses
    ]
    assert sum(live_now) <= live(module)[0]  # the readout only sums
    y = np.zeros(len(x), np.int64)
    counted = {each.name: each for each in evaluate(found, x, y).energy.layers}[reader.name]
    assert counted.exact == pytest.approx(expected)
    before = {each.name: each for each in evaluate(network, x, y).energy.layers}[reader.name]
    assert before.exact > 2 * counted.exact > 0
