"""A bounded fan-in: which weights remain, and how they make up for the others."""

# ruff: noqa: E402  (imports follow importorskip)

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from exporters import convert
from exporters.calibration.regression import RIDGE
from exporters.finetuning import pruning
from exporters.finetuning.counting.balance import take_turn
from exporters.finetuning.counting.twin import Counting
from exporters.finetuning.pruning import few_of, keep_largest
from exporters.finetuning.refit import settle
from exporters.finetuning.twin import OneSpike
from exporters.graph import Graph, Node
from onespike_lava.data.encoding import encode
from onespike_lava.errors import OneSpikeWarning
from tests.exporters.finetuning.trained import OPTIONS, coded, counted, logits, network, samples


@pytest.fixture(scope="module")
def net():
    return network()


def masks_of(twin):
    return [
        each.mask.numpy()
        for part in twin.parts
        if hasattr(part, "sums")
        for each in part.sums.parts
    ]


def test_it_counts_skips_and_keeps_the_largest(net):
    twin, whole = OneSpike(net), OneSpike(net)
    settle(twin, 20, coded(net))
    found = twin.integers("few")
    for layer, part, before in zip(found.layers, twin.parts, whole.parts, strict=True):
        if layer.synapses:
            live = sum(
                (np.count_nonzero(each.weight.reshape(len(each.weight), -1), axis=1))
                for each in layer.synapses
            )
            assert live.max() <= 20
            pairs = zip(layer.synapses, part.sums.parts, before.sums.parts, strict=True)
            for synapse, connection, source in pairs:
                kept = connection.mask.numpy()
                if not kept.all():
                    sizes = np.abs(source.share.detach().numpy())
                    rows = (kept.reshape(len(kept), -1), sizes.reshape(len(kept), -1))
                    for mask, row in zip(*rows, strict=True):
                        assert row[mask].min() >= row[~mask].max()
                        assert not synapse.weight.reshape(len(kept), -1)[0][~rows[0][0]].any()
    synapses = [each for layer in found.layers for each in layer.synapses]
    assert any(each.live is not None for each in synapses)
    for synapse, mask in zip(synapses, masks_of(twin), strict=True):
        live = np.ones(synapse.weight.shape, bool) if synapse.live is None else synapse.live
        assert np.array_equal(live, mask)


def test_skips_and_pools_that_exceed_it_are_told(net):
    with pytest.warns(OneSpikeWarning, match=r"\(2\).* have more than 1 synapses, for those of"):
        settle(OneSpike(net), 1, coded(net))


def test_masks_keep_their_zeros_while_weights_move(net):
    twin = OneSpike(net)
    part = twin.parts[2].sums
    keep_largest(part, 10)
    with torch.no_grad():
        for each in part.parts:
            each.share.add_(1.0)
    weights, _ = part.whole()
    assert sum(int((each != 0).flatten(1).sum(1).max()) for each in weights) <= 10


def linear(weight, bias):
    """The sums of one layer of neurons that read an image, and samples; 0 is not its integer 0."""
    width = weight.shape[1]
    nodes = (
        Node("image", "input", attrs={"shape": (width,)}),
        Node("hidden", "linear", ("image",), {"weight": weight, "bias": bias}),
        Node("relu", "relu", ("hidden",)),
        Node("out", "linear", ("relu",), {"weight": np.eye(len(weight)), "bias": bias * 0}),
    )
    random = np.random.default_rng(0)
    mixed = random.normal(size=(400, width)) @ random.normal(size=(width, width))
    x = (mixed / mixed.std() + np.linspace(-0.5, 1, width)).astype(np.float32)
    found = convert(Graph(nodes, "out"), x, correct="none", rounding="nearest", **OPTIONS).network
    return OneSpike(found).parts[1].sums, torch.from_numpy(encode(found.input, x).integers).float()


def test_what_stays_makes_up_for_what_is_pruned_by_least_squares():
    """The change of weights and bias is the least squares solution with a ridge, row by row."""
    random = np.random.default_rng(1)
    sums, x = linear(random.normal(size=(5, 24)), random.normal(size=5))
    part, values = sums.parts[0], x.double() + sums.low(0)
    with torch.no_grad():
        before, sent = part.real().double().clone(), sums.potential([x]).double()
        keep_largest(sums, 7, [x])
        after, now = part.real().double(), sums.summed(*sums.real(), [x]).double()
    centred = (values - values.mean(0)).numpy()
    ridge = RIDGE * centred.var(axis=0).mean()
    for row, mask in enumerate(part.mask.numpy()):
        known = np.concatenate([centred[:, mask] / 20, np.sqrt(ridge) * np.eye(7)])  # 400 samples
        wanted = np.concatenate([centred[:, ~mask] @ before[row].numpy()[~mask] / 20, np.zeros(7)])
        change = np.linalg.lstsq(known, wanted, rcond=None)[0]
        assert np.allclose(after[row].numpy()[mask], before[row].numpy()[mask] + change, rtol=1e-4)
    gone = (now - sent).mean(0)
    assert gone.abs().max() < 0.01 * sent.std()  # of the bias, the offset of the input included


def test_potentials_stay_closer_than_without(net):
    x = coded(net)
    expected = logits(OneSpike(net), x).ravel()
    lost = {}
    for name, few in (("made up", few_of), ("as they are", lambda network, x: x[:1])):
        twin = OneSpike(net)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("exporters.finetuning.refit.few_of", few)
            settle(twin, 20, x)
        lost[name] = np.square(logits(twin, x).ravel() - expected).mean()
    assert lost["made up"] < 0.8 * lost["as they are"]


@pytest.mark.parametrize("count", [1, 499, 500, 501, 1000])
def test_samples_are_of_all_classes_though_they_are_sorted(net, count):
    few = few_of(net, torch.arange(count))
    assert len(few) <= pruning.SAMPLES
    assert len(few) >= min(count, pruning.SAMPLES // 2)
    assert int(few[-1]) >= count - 2


def test_groups_have_moments_of_their_own(monkeypatch):
    random = np.random.default_rng(2)
    nodes = (
        Node("image", "input", attrs={"shape": (4, 6, 6)}),
        Node(
            "conv",
            "conv",
            ("image",),
            {"weight": random.normal(size=(6, 2, 3, 3)), "bias": random.normal(size=6)},
            {"groups": 2, "padding": (1, 1, 1, 1)},
        ),
        Node("relu", "relu", ("conv",)),
        Node("flatten", "flatten", ("relu",)),
        Node("out", "linear", ("flatten",), {"weight": random.normal(size=(3, 216))}),
    )
    x = random.normal(size=(60, 4, 6, 6)).cumsum(axis=2).astype(np.float32)
    found = convert(Graph(nodes, "out"), x, correct="none", rounding="nearest", **OPTIONS).network
    images = torch.from_numpy(encode(found.input, x).integers).float()
    both = []
    for entries in (pruning.SYSTEMS, 1):  # all outputs at a time, one by one
        monkeypatch.setattr(pruning, "SYSTEMS", entries)
        twin = OneSpike(found)
        with torch.no_grad():
            sent = twin.parts[1].sums.potential([images])
            keep_largest(twin.parts[1].sums, 12, [images])
            now = twin.parts[1].sums.potential([images])
            plain = OneSpike(found).parts[1].sums
            keep_largest(plain, 12)
            rough = plain.potential([images])
        assert (now - sent).square().mean() < 0.5 * (rough - sent).square().mean()
        both.append(now)
    assert torch.equal(*both)


def test_what_was_pruned_before_stays_so_and_too_few_samples_change_nothing():
    random = np.random.default_rng(3)
    sums, x = linear(random.normal(size=(5, 24)), random.normal(size=5))
    part = sums.parts[0]
    keep_largest(sums, 6, [x])
    first = part.mask.clone()
    part.mask[:, 12:] = False
    keep_largest(sums, 6, [x])
    assert not part.share[:, 12:].any()
    keep_largest(sums, 5, [x])
    assert not (part.mask & ~first).any()
    assert not part.real()[:, 12:].any()
    before = part.real().clone()
    keep_largest(sums, 4, [x[:50]])
    assert torch.equal(part.real(), before * part.mask)


def test_layers_of_spike_counts_make_up_too():
    net = counted()
    x = torch.from_numpy(encode(net.input, samples()[0]).integers)
    expected, lost = None, {}
    for name, fan_in in (("all", None), ("made up", 20), ("as they are", 20)):
        twin = Counting(net)
        twin.reach = 0
        with pytest.MonkeyPatch.context() as patch:
            if name == "as they are":
                patch.setattr("exporters.finetuning.counting.balance.few_of", lambda _, x: x[:1])
            take_turn(twin, range(1, len(twin.parts)), x, fan_in)
        found = logits(twin, x)
        expected = found if expected is None else expected
        lost[name] = np.square(found - expected).mean()
    assert lost["made up"] < 0.9 * lost["as they are"]
