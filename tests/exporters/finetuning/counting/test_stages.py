"""Layer by layer: it learns, goes on after a kill, holds its constraints, and its file is exact."""

# ruff: noqa: E402  (imports follow importorskip)

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import onespike_lava
from exporters import FineTuning, finetune
from exporters.finetuning.counting.stages import groups_of
from exporters.finetuning.counting.twin import Counting
from exporters.training import Shifts
from onespike_lava.connectivity import is_fixed
from onespike_lava.errors import DataError, OptionError, UnsupportedError
from onespike_lava.evaluation.comparison import first_difference
from tests.exporters.finetuning.trained import KilledError, counted, killer, network, samples
from tests.sources import cnn

pytestmark = pytest.mark.usefixtures("one_thread")

PLAN = FineTuning(epochs=4, batch=20, rate=0.01, validation=0.2, seed=1)


@pytest.fixture(scope="module")
def net():
    return counted()


@pytest.mark.parametrize("new_layer", ["trained", "frozen"])
def test_it_learns_and_every_engine_agrees(tmp_path, new_layer):
    """From a network of drawn weights; fewer bits and synapses as stages go."""
    x, y = samples(600)
    own = {"weight_bits": 4, "fan_in": 40, "new_layer": new_layer, "learn": "labels"}
    tuning = FineTuning(epochs=12, batch=20, rate=0.02, **own)
    path = tmp_path / "net.net"
    found = finetune(cnn(), x[:500], y[:500], path, code="count", phases=6, tuning=tuning)
    before, after = (
        (each.predict(x[500:]) == y[500:]).mean() for each in (found.before, found.network)
    )
    assert before < 0.5
    assert after > 0.55
    assert [each["layer"] for each in found.curve] == ["conv1", "add", "conv3", "hidden"]
    assert [each["stage"] for each in found.epochs] == [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]
    read = onespike_lava.load(path)
    assert read == found.network
    assert "4 bits, fan-in 40" in dict(read.provenance)["finetuned"]
    for layer in read.layers[1:]:
        trained = [each for each in layer.synapses if not is_fixed(each)]
        assert all(np.abs(each.weight).max() <= 7 for each in trained)
        rows = [np.count_nonzero(each.weight.reshape(len(each.weight), -1), 1) for each in trained]
        assert not rows or np.max(np.sum(rows, axis=0)) <= 40
    expected = read.run(x[500:540], "reference", record=True)
    for engine in ("numpy", "numba"):
        run = read.run(x[500:540], engine, record=True)
        assert first_difference(run, expected) is None, engine


def test_counts_are_calibrated_by_what_a_conversion_takes():
    """A torch loader is its samples; a ragged list is told."""
    x, y = samples(100)
    options = {"code": "count", "phases": 4, "tuning": FineTuning(epochs=1, batch=20)}
    loader = torch.utils.data.DataLoader(torch.from_numpy(x[:40]), batch_size=10)
    found = finetune(cnn(), x, y, calibration=loader, **options)
    assert found.network == finetune(cnn(), x, y, calibration=x[:40], **options).network
    with pytest.raises(DataError, match=r"^calibration: list does not make one array"):
        finetune(cnn(), x, y, calibration=[[1], [1, 2]], **options)


@pytest.mark.parametrize(
    ("stops", "more"),
    [
        ([3], {}),
        ([8], {"augment": Shifts(1)}),
        ([9, 12], {"teacher": cnn()}),
        ([30, 3], {"teacher": cnn(), "augment": Shifts(1)}),
    ],
)
def test_a_killed_run_ends_with_the_network_of_one_that_was_not(net, tmp_path, stops, more):
    """Killed within a stage, at the end of one and right behind it; 8 steps an epoch."""
    x, y = samples()
    options = {"tuning": PLAN, **more}
    whole = finetune(net, x, y, **options)
    for stop in stops:
        with pytest.raises(KilledError):
            finetune(net, x, y, **options, work=tmp_path / "work", progress=killer(stop))
    found = finetune(net, x, y, **options, work=tmp_path / "work")
    assert found.network == whole.network
    assert (found.start, found.best, found.curve) == (whole.start, whole.best, whole.curve)
    assert [each["loss"] for each in found.epochs] == [each["loss"] for each in whole.epochs]
    assert not (tmp_path / "work").exists()


def test_an_interrupted_run_gives_the_best_so_far_and_goes_on(net, tmp_path):
    """A whole network, also of the layers whose turn had not come, within all constraints."""
    x, y = samples()
    options = {"tuning": replace(PLAN, fan_in=30), "work": tmp_path / "work"}
    stop = killer(20, KeyboardInterrupt)
    cut = finetune(net, x, y, tmp_path / "cut.net", progress=stop, **options)
    assert not cut.ended
    assert len(cut.epochs) == 2
    assert cut.best == max([cut.start, *(each["share"] for each in cut.curve)])
    assert onespike_lava.load(tmp_path / "cut.net") == cut.network
    hidden = cut.network.layers[5].synapses[0].weight
    assert np.count_nonzero(hidden, axis=1).max() <= 30
    whole = finetune(net, x, y, tuning=options["tuning"])
    assert finetune(net, x, y, **options).network == whole.network
    early = finetune(net, x, y, tuning=PLAN, progress=killer(2, KeyboardInterrupt))
    assert (early.epochs, early.best, early.ended) == ([], early.start, False)


def test_stages_end_where_patience_does(net):
    x, y = samples()
    tuning = replace(PLAN, epochs=40, stages=2, patience=2, rate=0.02)
    found = finetune(net, x, y, tuning=tuning)
    for stage in (1, 2):
        shares = [each["validation"] for each in found.epochs if each["stage"] == stage]
        best = shares.index(max(shares))
        assert len(shares) == min(best + 3, 20)
    assert len(found.epochs) < 40
    assert [tuning.plan(stage).rate for stage in (0, 1)] == pytest.approx([0.02, 0.002])


def test_frozen_layers_stay_as_they_are(net):
    """Those of earlier stages; a new one too where it is frozen, but for the first."""
    x, y = samples(100)
    tuning = FineTuning(epochs=4, batch=20, rate=0.02, learn="labels")
    short = finetune(net, x, y, tuning=tuning)
    twin = Counting(short.network)
    assert groups_of(twin, 4) == [[1], [2, 3], [4], [5, 6]]
    assert groups_of(twin, 2) == [[1, 2, 3], [4, 5, 6]]
    assert groups_of(twin, 99) == groups_of(twin, 4)
    stopped = finetune(net, x, y, tuning=tuning, progress=killer(10, KeyboardInterrupt))
    for at in (1, 2):
        one, other = (each.layers[at].synapses for each in (short.network, stopped.network))
        assert all(np.array_equal(a.weight, b.weight) for a, b in zip(one, other, strict=True))
    assert stopped.network.layers[4] != short.network.layers[4]
    frozen = finetune(net, x, y, tuning=replace(tuning, new_layer="frozen"))
    assert frozen.network.layers[1] == short.network.layers[1]
    assert frozen.network.layers[2] != short.network.layers[2]


def test_a_file_goes_on_with_its_own_code(net, tmp_path):
    x, y = samples(60)
    short = FineTuning(epochs=1, batch=20)
    path = tmp_path / "one.net"
    first = finetune(cnn(), x, y, path, code="count", phases=5, tuning=short)
    again = finetune(path, x, y, tuning=replace(short, rate=0.0))
    assert again.before == first.network
    assert again.network.phases == 5
    with pytest.raises(OptionError, match="code: of a conversion"):
        finetune(path, x, y, code="count", tuning=short)


def test_slips_are_told_in_a_line(net):
    x, y = samples(60)
    short = FineTuning(epochs=1, batch=20)
    for settings, text in (
        ({"patience": 0}, "patience is 0; give a whole number from 1 up"),
        ({"patience": 2}, "patience needs samples held out; give a validation share"),
        ({"new_layer": "new"}, "new_layer is 'new'; give one of trained, frozen"),
    ):
        with pytest.raises(OptionError, match=text):
            FineTuning(**settings)
    with pytest.raises(OptionError, match="code is 'rate'; give one of one-spike, count"):
        finetune(cnn(), x, y, code="rate")
    with pytest.raises(OptionError, match=r"levels: of one-spike networks; .*input_range, pool"):
        finetune(cnn(), x, y, code="count", levels="base")
    with pytest.raises(OptionError, match=r"phases: 65 steps .* whole number of 1\.\.64"):
        finetune(cnn(), x, y, code="count", phases=65)
    with pytest.raises(DataError, match=r"labels 1..5 are outside 0..4"):
        finetune(net, x, y + 1, tuning=short)
    with pytest.raises(UnsupportedError, match=r"weighs phases in its potentials"):
        finetune(network(weighting="membrane", levels="base"), x, y, tuning=short)


def test_synapses_die_by_gradient_rewiring(net):
    x, y = samples()
    tuning = FineTuning(epochs=8, batch=20, rate=0.01, drift=0.5, learn="labels")
    found = finetune(net, x, y, tuning=tuning).network
    synapses = [each for layer in found.layers for each in layer.synapses]
    pruned = [each for each in synapses if each.live is not None]
    assert len(pruned) >= 3
    assert all(np.array_equal(each.live, each.weight != 0) for each in pruned)
    expected = found.run(x[:10], "reference", record=True)
    assert first_difference(found.run(x[:10], "numba", record=True), expected) is None


def test_upper_limits_are_refused():
    """Thresholds by the counts of the largest values would let them through."""
    layers = torch.nn.Linear(6, 8), torch.nn.ReLU6(), torch.nn.Linear(8, 3)
    x, y = np.ones((60, 6), np.float32), np.zeros(60, np.int64)
    with pytest.raises(UnsupportedError, match=r"upper limit \(ReLU6, say\), which spike counts"):
        finetune(torch.nn.Sequential(*layers).eval(), x, y, code="count")
