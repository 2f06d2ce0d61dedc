"""Fine-tuning as a whole: it learns, it goes on after a kill, and its file is exact."""

# ruff: noqa: E402  (imports follow importorskip)

import warnings
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import exporters
import onespike_lava
from exporters import FineTuning, finetune
from exporters.analysis.reconversion import reconvert
from exporters.finetuning import tuning as tuning_module
from exporters.finetuning.teacher import Taught
from exporters.finetuning.twin import OneSpike
from exporters.training.rewiring.rules import GradR
from onespike_lava.connectivity import is_fixed
from onespike_lava.errors import DataError, OneSpikeWarning, OptionError, UnsupportedError
from onespike_lava.evaluation.comparison import first_difference
from tests.exporters.finetuning.trained import OPTIONS, KilledError, killer, network, samples
from tests.sources import cnn
from tests.stock import drawn

pytestmark = pytest.mark.usefixtures("one_thread")

PLAN = FineTuning(epochs=3, batch=20, rate=0.01, validation=0.2, seed=1)


@pytest.fixture(scope="module")
def net():
    return network()


def test_it_learns_and_every_engine_agrees(tmp_path):
    """From a network of drawn weights; fewer bits and synapses at once."""
    x, y = samples(600)
    tuning = FineTuning(epochs=8, batch=20, rate=0.02, weight_bits=4, fan_in=40, learn="labels")
    path = tmp_path / "net.net"
    found = finetune(cnn(), x[:500], y[:500], path, tuning=tuning, **OPTIONS)
    before, after = (
        (each.predict(x[500:]) == y[500:]).mean() for each in (found.before, found.network)
    )
    assert before < 0.5
    assert after > 0.8
    assert (found.start, found.best, found.ended) == (None, None, True)
    read = onespike_lava.load(path)
    assert read == found.network
    assert "4 bits, fan-in 40" in dict(read.provenance)["finetuned"]
    expected = read.run(x[500:540], "reference", record=True)
    for engine in ("numpy", "numba"):
        run = read.run(x[500:540], engine, record=True)
        assert first_difference(run, expected) is None, engine


def test_training_that_gains_nothing_is_told(net):
    """At a rate that throws all weights about; a moderate one is silent."""
    x, y = samples()
    told = "the loss of 200 training samples rose from .* to .*; give a rate below 0.5, or more"
    with pytest.warns(OneSpikeWarning, match=told):
        finetune(net, x, y, tuning=FineTuning(epochs=1, rate=0.5, batch=20), teacher=cnn())
    with warnings.catch_warnings():
        warnings.simplefilter("error", OneSpikeWarning)
        tuning = FineTuning(epochs=6, stages=1, rate=0.005, batch=20)
        finetune(net, x[:100], y[:100], tuning=tuning, teacher=cnn())


def test_the_best_epoch_is_that_of_the_samples_kept_out(net):
    x, y = samples()
    found = finetune(net, x, y, tuning=PLAN)
    shares = [each["validation"] for each in found.epochs]
    assert found.best == max(shares)
    assert found.start is not None
    last = finetune(net, x, y, tuning=FineTuning(epochs=1, batch=20))
    assert last.best is None
    assert len(last.epochs) == 1


def test_codes_that_raise_the_loss_are_not_taken(net, monkeypatch):
    x, y = samples()
    options = {"tuning": FineTuning(epochs=2, batch=20, rate=0.01)}
    seen = []

    def spoilt(twin, x, recipe):
        seen.append(len(x))
        twin.parts[1].base.fill_(1.0)

    fitted = finetune(net, x, y, **options).network
    monkeypatch.setattr("exporters.finetuning.tuning.refit", lambda *_: None)
    plain = finetune(net, x, y, **options).network
    monkeypatch.setattr("exporters.finetuning.tuning.refit", spoilt)
    assert finetune(net, x, y, **options).network == plain
    assert seen == [200]
    assert fitted != plain


def test_synapses_die_by_gradient_rewiring_and_are_told_of(net):
    """Skips live on; zeros count as none; spikes are those of every engine still."""
    x, y = samples()
    found = finetune(
        net, x, y, tuning=FineTuning(epochs=8, batch=20, rate=0.01, drift=0.5, learn="labels")
    ).network
    told = dict(found.provenance)
    assert "drift 0.5" in told["finetuned"]
    synapses = [each for layer in found.layers for each in layer.synapses]
    pruned = [each for each in synapses if each.live is not None]
    assert len(pruned) >= 3
    assert all(np.array_equal(each.live, each.weight != 0) for each in pruned)
    for before, after in zip(net.layers, found.layers, strict=True):
        for one, other in zip(before.synapses, after.synapses, strict=True):
            if is_fixed(one):
                assert np.count_nonzero(other.weight) == np.count_nonzero(one.weight)
    share = sum(np.count_nonzero(each.weight) for layer in found.layers for each in layer.synapses)
    assert share < 0.7 * net.weights
    expected = found.run(x[:10], "reference", record=True)
    assert first_difference(found.run(x[:10], "numba", record=True), expected) is None


def test_a_layer_that_dies_is_called_by_its_name(net):
    """One synapse each, or which of several."""
    twin = OneSpike(net)
    named = GradR(drift=0.5).of(Taught(twin, None), 0.01, 0.0, 0).connectivity()
    trained = [
        (layer.name, [not is_fixed(each) for each in layer.synapses])
        for layer in net.layers
        if layer.synapses
    ]
    expected = [
        name + (f" ({place + 1} of {len(each)})" if len(each) > 1 else "")
        for name, each in trained
        for place, moves in enumerate(each)
        if moves
    ]
    assert list(named) == expected
    assert any("1 of 2" in each for each in expected)
    tuning = FineTuning(epochs=2, batch=20, rate=0.1, drift=5.0, learn="labels")
    with pytest.warns(OneSpikeWarning) as seen:
        finetune(net, *samples(), tuning=tuning)
    told = [str(each.message) for each in seen]
    assert any(each.startswith("rewiring: conv1 has no synapse left after step") for each in told)


def test_in_the_last_of_several_stages_what_is_left_learns_on(net, tmp_path):
    x, y = samples()
    tuning = FineTuning(epochs=8, stages=2, batch=20, rate=0.01, drift=0.9, learn="labels")
    with pytest.raises(KilledError):  # in the second stage
        finetune(net, x, y, tuning=tuning, work=tmp_path, progress=killer(43))
    drifted = torch.load(tmp_path / "state.pt", weights_only=False)["state"]
    assert drifted["stage"] == 1
    found = finetune(net, x, y, tuning=tuning, work=tmp_path)
    number = shares = 0
    for position, layer in enumerate(found.network.layers):
        for place, synapse in enumerate(layer.synapses):
            if synapse.live is not None:
                share = drifted["model"][f"parts.{position}.sums.parts.{place}.share"].numpy()
                assert not synapse.live[share == 0].any()
                shares += np.count_nonzero(share != 0)
                number += np.count_nonzero(synapse.live)
    assert number > 0.7 * shares  # a drift would have left fewer
    assert found.epochs[-1]["loss"] < found.epochs[3]["loss"]


def test_slips_are_told_in_a_line(net, tmp_path):
    x, y = samples(60)
    for settings, text in (
        ({"weight_bits": 5}, "weight_bits is 5; give one of 8, 4"),
        ({"fan_in": 0}, "fan_in is 0; give a whole number from 1 up"),
        ({"epochs": 0}, "epochs is 0"),
        ({"stages": True}, "stages is True"),
        ({"rate": -1.0}, "rate is -1.0"),
        ({"rate": 1e39}, r"rate is 1e\+39; a weight moves by about so much .* give 0 to 1"),
        ({"seed": -1}, "seed is -1; give a whole number from 0 up"),
        ({"seed": "one"}, "seed is 'one'"),
        ({"weight_bits": [8]}, r"weight_bits is \[8\]"),
        ({"drift": "strong"}, "drift is 'strong'; give a number above 0"),
    ):
        with pytest.raises(OptionError, match=text):
            FineTuning(**settings)
    with pytest.raises(OptionError, match="phases: of a conversion"):
        finetune(net, x, y, phases=4)
    with pytest.raises(OptionError, match=r"^calibration: of a conversion"):
        finetune(net, x, y, calibration=x)
    with pytest.raises(DataError, match=r"cannot be written \(is a folder\)"):
        finetune(net, x, y, tmp_path, progress=killer(1))
    (tmp_path / "taken").touch()
    with pytest.raises(DataError, match=r"taken: no folder can be made there \(.*give another"):
        finetune(net, x, y, tuning=FineTuning(batch=20), work=tmp_path / "taken")
    with pytest.raises(DataError, match=r"x is array\(None, dtype=object\), no samples; give"):
        finetune(net, None, y)
    with pytest.raises(DataError, match=r"labels float64\[60\] are not whole numbers"):
        finetune(net, x, y / 2)
    with pytest.raises(DataError, match="60 samples and 59 labels"):
        finetune(net, x, y[1:])
    for given in ({"x": [[1, 2], [3]], "y": y}, {"x": x, "y": [[0], [1, 2]]}):
        with pytest.raises(DataError, match=r"^[xy]: list does not make one array .*give"):
            finetune(net, **given)


def test_what_was_trained_on_is_no_conversion_any_more(net):
    """A report in real arithmetic, which would be the conversion's, is refused."""
    x, y = samples()
    found = finetune(net, x, y, tuning=FineTuning(epochs=1, batch=20)).network
    assert "self_check" not in dict(found.provenance)
    with pytest.raises(UnsupportedError, match=r"fine-tuned after .* leave the calibration out"):
        reconvert(found, cnn(), x[:80])


def test_a_network_that_steps_is_refused_however_many_its_steps():
    net = drawn(0, "soft", phases=100)
    with pytest.raises(UnsupportedError, match="finetune: the network steps"):
        finetune(net, np.zeros((60, *net.sample_shape)), np.zeros(60, int))


def test_what_training_does_not_see_is_told(net):
    x, y = samples(60)
    short = FineTuning(epochs=1, batch=20, rate=0.0)
    with pytest.warns(OneSpikeWarning, match=r"values lie outside .* and are clipped"):
        finetune(net, 100 * x, y, tuning=short)
    with pytest.warns(OneSpikeWarning, match=r"T_w is 2 of T = 5 phases"):
        finetune(replace(net, wait=2), x, y, tuning=short)
    with warnings.catch_warnings():
        warnings.simplefilter("error", OneSpikeWarning)
        finetune(net, x, y, tuning=short)


def test_stages_share_the_epochs():
    assert [FineTuning(epochs=e, stages=s).of_stages for e, s in ((4, 2), (3, 2), (1, 3))] == [
        [2, 2],
        [1, 2],
        [1],
    ]
    assert exporters.finetune is finetune
    assert np.diff([FineTuning().plan(stage).seed for stage in (0, 1)]) != 0


def test_new_layers_are_of_spike_counts(net):
    with pytest.raises(OptionError, match="new_layer is of spike counts; leave it out of one spi"):
        finetune(net, *samples(), tuning=FineTuning(new_layer="frozen"))


@pytest.mark.parametrize("double", ["none", "all"])
def test_two_neurons_for_a_value_keep_thresholds_of_their_own(double, monkeypatch):
    """Fitted anew, both would have those of one code, and carry no more than one neuron."""
    seen = []
    monkeypatch.setattr(tuning_module, "refit", lambda *given: seen.append(given))
    x, y = samples(200)
    tuning = FineTuning(epochs=2, rate=0.05, learn="labels")
    finetune(cnn(), x, y, double=double, phases=2, tuning=tuning, calibration=x[:80])
    assert len(seen) == (double == "none")
