"""Networks of SLAYER's blocks: the integers are SLAYER's own, spike for spike."""

# ruff: noqa: E402  (imports follow importorskip)

import h5py
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lava.lib.dl.slayer", reason="lava-dl is not installed")

import onespike_lava
from exporters import convert_spiking, export, twin
from exporters.frontends.slayer.reading import read_blocks
from onespike_lava.errors import OneSpikeWarning
from tests.exporters.frontends.slayer.nets import BLOCK, NETWORKS, NEURON, SAMPLES, STEPS, Net, made
from tests.plain import DATA, TRUTH


def spikes_of(module, x, late):
    """What each block with neurons sends, uint8[N, T, ...], as SLAYER computes it."""
    sent, module = [], module.eval()
    for block in module.blocks:
        if getattr(block, "neuron", None) is None:
            continue
        block.neuron.current_state = block.neuron.voltage_state = torch.zeros(1)
        block.delay_shift, parts = late and getattr(block, "delay_shift", False), []
        block.neuron.register_forward_hook(lambda m, a, out, to=parts: to.append(out.detach()))
        if type(block).__name__ != "Affine":
            sent.append(parts)
    result = module(torch.from_numpy(x.astype(np.float32)).movedim(1, -1)).detach()
    trains = [torch.cat(parts, -1).movedim(-1, 1).numpy().astype(np.uint8) for parts in sent]
    return trains, result.double().numpy()


@pytest.mark.parametrize("name", NETWORKS)
def test_spikes_are_those_of_slayer(name):
    module, x = made(name)
    found = convert_spiking(module, x)
    run = found.network.run(x, record=True)
    trains, scores = spikes_of(module, x, late=False)
    assert len(trains) == len(found.notes) > 0
    for layer, train in zip(found.notes, trains, strict=True):
        assert train.sum() > 30, layer
        assert np.array_equal(run.trains(layer).reshape(train.shape), train), layer
    scores = scores.mean(-1) if name == "dense" else scores
    mine = run.scores * found.network.output_scale
    assert np.allclose(mine, scores.reshape(mine.shape), rtol=1e-6, atol=1e-9)
    mine = twin(found).trains(torch.from_numpy(x))
    for layer in found.notes:
        assert np.array_equal(mine[layer].detach().numpy(), run.trains(layer))


def test_without_biases_a_late_block_sends_the_same_a_step_later():
    torch.manual_seed(3)
    module = Net(*(BLOCK.Dense(NEURON, 20, 20, weight_scale=2) for _ in range(3)))
    x = (np.random.default_rng(4).random((SAMPLES, STEPS, 20)) < 0.3).astype(np.uint8)
    run = convert_spiking(module, x).network.run(x, record=True)
    trains, _ = spikes_of(module, x, late=True)
    for number, train in enumerate(trains):
        mine = run.trains(f"blocks.{number}")
        assert train[:, number:].sum() > 30
        assert np.array_equal(mine[:, : STEPS - number], train[:, number:])


@pytest.mark.parametrize("name", ["dense", "recurrent"])
def test_it_is_what_export_hdf5_writes(name, tmp_path):
    """Of blocks that both ways read; the readout of a file is the one that all files have."""
    module, x = made(name)
    blocks = 2 if name == "recurrent" else 3  # SLAYER writes no `average`
    module = Net(*module.blocks[:blocks])
    found = convert_spiking(module, x).network
    with h5py.File(tmp_path / "net.net", "w") as file:
        for number, block in enumerate(module.blocks):
            block.export_hdf5(file.create_group(f"layer/{number}"))
    known = onespike_lava.load(tmp_path / "net.net", steps=STEPS)
    one, two = found.run(x, record=True), known.run(x, record=True)
    for mine, theirs in zip(found.layers, known.layers, strict=True):
        assert [s.weight.tolist() for s in mine.synapses] == [
            s.weight.tolist() for s in theirs.synapses
        ]
    assert np.array_equal(one.scores, two.scores)
    assert one.scores.sum() > 0


def test_the_module_stays_what_it_was_and_the_file_is_read_again(tmp_path):
    module, x = made("conv")
    before = {name: each.clone() for name, each in module.state_dict().items()}
    module.train()
    network = export(module, x, tmp_path / "net.net")
    assert module.training
    assert all(torch.equal(before[name], each) for name, each in module.state_dict().items())
    assert onespike_lava.load(tmp_path / "net.net") == network
    events = np.minimum(x.astype(np.uint8) * 3, 3)
    counted = convert_spiking(module, events).network
    assert counted.input.bits == 2


@TRUTH
def test_blocks_with_the_weights_of_mnist_are_that_file():
    path, blocks = DATA / "mnist.net", []
    with h5py.File(path) as file:
        for key in sorted(file["layer"]):
            layer, neuron = file["layer"][key], file["layer"][key]["neuron"]
            weight = torch.from_numpy(layer["weight"][()].astype(np.float32)) / 64
            decays = (float(neuron[each][()]) / 4096 for each in ("iDecay", "vDecay"))
            params = dict(zip(("current_decay", "voltage_decay"), decays, strict=True))
            params["threshold"] = float(neuron["vThMant"][()]) / 64
            blocks.append(BLOCK.Dense(params, *weight.shape[::-1]))
            blocks[-1].synapse.weight.data = weight.reshape(*weight.shape, 1, 1, 1)
    with pytest.warns(OneSpikeWarning):
        known = onespike_lava.load(path, steps=16)
    sent = (np.random.default_rng(0).random((6, 16, 784)) < 0.1).astype(np.uint8)
    with pytest.warns(OneSpikeWarning):
        found = convert_spiking(Net(*blocks), sent, readout="sum").network
    one, two = known.run(sent, record=True), found.run(sent, record=True)
    assert np.array_equal(one.scores, two.scores)
    for mine, theirs in zip(known.layers[1:-1], found.layers[1:-1], strict=True):
        assert one.trains(mine.name).sum() > 50
        assert np.array_equal(one.trains(mine.name), two.trains(theirs.name))


FACTORY = """
import torch
from lava.lib.dl import slayer

def net():
    torch.manual_seed(0)
    neuron = {"threshold": 0.6, "current_decay": 0.25, "voltage_decay": 0.1}
    return torch.nn.Sequential(
        slayer.block.cuba.Dense(neuron, 20, 16, weight_scale=2),
        slayer.block.cuba.Dense(neuron, 16, 4, weight_scale=2),
    )
"""


def test_the_command(onespike, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "slayer_net.py").write_text(FACTORY)
    x = (np.random.default_rng(0).random((20, STEPS, 20)) < 0.3).astype(np.uint8)
    np.savez("x.npz", x=x, y=np.zeros(20, np.int64))
    words = ("export", "slayer_net.py:net", "--calibration", "x.npz")
    code, out, _ = onespike(*words, "-o", "net.net")
    assert code == 0
    assert "fires at v > threshold" in out
    assert "spikes differ 0.00 % at most" in out
    assert onespike_lava.load("net.net").phases == STEPS
    code, out, _ = onespike(*words, "--dry-run")
    assert (code, "fires at v > threshold" in out) == (0, True)


@pytest.mark.parametrize("steps", [2, 3])
@pytest.mark.parametrize("take", ["mean", "sum", "last", "max"])
def test_what_is_taken_of_few_steps_is_no_guess(take, steps):
    """Of so few outputs and steps random spikes alone often agree in several readings."""
    reads = {
        "mean": lambda spikes: spikes.mean(-1),
        "sum": lambda spikes: spikes.sum(-1),
        "last": lambda spikes: spikes[..., -1],
        "max": lambda spikes: spikes.amax(-1),
    }
    module = Net(BLOCK.Dense(NEURON, 4, 1), read=reads[take])
    for seed in range(12):
        torch.manual_seed(seed)
        state = torch.get_rng_state()
        assert read_blocks(module, (4,), steps).take == take
        assert torch.equal(torch.get_rng_state(), state)
