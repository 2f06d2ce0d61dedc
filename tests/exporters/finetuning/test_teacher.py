"""The source network as a teacher."""

# ruff: noqa: E402  (imports follow importorskip)

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import nn

from exporters import FineTuning, convert, finetune
from exporters.finetuning.teacher import both, divergence, learnt, own, real, teacher_of
from onespike_lava.data.encoding import encode
from onespike_lava.errors import DataError, OptionError
from tests.exporters.finetuning.trained import OPTIONS, network, samples
from tests.sources import cnn


class Last(nn.Module):
    """Channels last outside."""

    def __init__(self, end=None):
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.end = nn.Conv2d(3, 6, 3, stride=2), end or nn.Identity()
        self.linear = nn.Linear(54, 5)

    def forward(self, x):
        hidden = torch.relu(self.conv(x.permute(0, 3, 1, 2)))
        return self.end(self.linear(hidden.flatten(1)))


@pytest.mark.parametrize("end", [None, nn.Softmax(1)])
def test_integers_become_the_samples_that_they_came_from(end):
    """Through a view; of a module that ends in a softmax the logits are those of the graph."""
    x = samples()[0].transpose(0, 2, 3, 1)
    module = Last(end)
    net = convert(module, x[:80], phases=8).network
    coded = torch.from_numpy(encode(net.input, x).integers)
    back = real(net.input, coded).numpy()
    assert back.shape == x.shape
    assert np.abs(back - x).max() <= 0.51 * net.input.step.max()
    teacher = teacher_of(module, net.input, coded[:4], 5)
    module.end = nn.Identity()
    with torch.no_grad():
        logits = module(torch.from_numpy(back))
    assert torch.allclose(teacher(coded), logits, atol=1e-4)
    assert module.training


def test_divergence_is_that_of_distributions():
    own_logits, other = torch.randn(2, 7, 4, generator=torch.Generator().manual_seed(0))
    out = torch.stack([own_logits, other], 1)
    assert torch.equal(learnt(out), own_logits)
    p, q = other.softmax(1), own_logits.softmax(1)
    expected = (p * (p / q).log()).sum(1).mean()
    assert float(divergence(out, torch.zeros(7))) == pytest.approx(float(expected), rel=1e-5)
    assert own({"twin.a": 1, "b": 2}) == {"a": 1, "b": 2}
    labels = torch.tensor([0, 1, 2, 3, 0, 1, 2])
    crossed = -own_logits.log_softmax(1)[range(7), labels].mean()
    halves = float(expected + crossed) / 2
    assert float(both(out, labels)) == pytest.approx(halves, rel=1e-5)


def test_a_source_of_sequences_teaches():
    """Its module takes [N, C, L], the network's planes have another axis."""
    torch.manual_seed(0)
    layers = torch.nn.Conv1d(2, 4, 3, padding=1), torch.nn.ReLU(), torch.nn.Flatten()
    source = torch.nn.Sequential(*layers, torch.nn.Linear(64, 3)).eval()
    x, y = np.random.default_rng(0).random((80, 2, 16), np.float32), np.zeros(80, np.int64)
    found = finetune(source, x, y, tuning=FineTuning(epochs=1))
    assert "logits of the source" in dict(found.network.provenance)["finetuned"]


def test_a_converted_network_comes_closer_to_its_source():
    """Of drawn weights; labels are not looked at."""
    source, (x, y) = cnn(), samples(300)
    net = network()
    logits = source.evaluate(x)
    tuning = FineTuning(epochs=6, stages=1, batch=20, rate=0.005)
    found = finetune(net, x, y, tuning=tuning, teacher=source)
    same = finetune(net, x, y * 0, tuning=tuning, teacher=source)
    assert found.network == same.network
    whole = finetune(source, x, y, tuning=tuning, calibration=x[:80], **OPTIONS)
    labels = finetune(source, x, y, tuning=FineTuning(epochs=1, learn="labels"), **OPTIONS)

    def off(given):
        own_logits = given.run(x).scores * given.output_scale
        both = torch.from_numpy(np.stack([own_logits, logits], 1))
        return float(divergence(both, torch.zeros(len(x))))

    assert off(found.network) < 0.8 * off(net)
    assert off(whole.network) < 0.8 * off(net)
    for each, text in ((found, "logits of the source"), (labels, "labels")):
        assert text in dict(each.network.provenance)["finetuned"]


@pytest.mark.parametrize("code", ["one-spike", "count"])
def test_both_learn_from_the_source_and_from_labels(code):
    source, (x, y) = cnn(), samples(100)
    more = {"tuning": FineTuning(epochs=1, rate=0.01, learn="both"), "code": code, **OPTIONS}
    made = [finetune(source, x, each, **more).network for each in (y, y * 0)]
    assert made[0] != made[1]
    assert "logits of the source and labels" in dict(made[0].provenance)["finetuned"]


class Two(nn.Module):
    """Two outputs, of which one is chosen by its name."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(192, 8), nn.ReLU())
        self.one, self.other = nn.Linear(8, 5), nn.Linear(8, 5)

    def forward(self, x):
        x = self.body(x)
        return {"one": self.one(x), "other": self.other(x)}


def test_the_logits_of_a_chosen_output_are_learnt():
    x, y = samples(60)
    tuning = FineTuning(epochs=1, batch=20)
    found = finetune(Two(), x, y, tuning=tuning, output="other", **OPTIONS)
    assert "logits of the source" in dict(found.network.provenance)["finetuned"]
    coded = torch.from_numpy(encode(found.network.input, x).integers)
    teacher = teacher_of(Two(), found.network.input, coded[:4], 5, "other")
    with torch.no_grad():
        logits = Two()(real(found.network.input, coded))["other"]
    assert torch.allclose(teacher(coded), logits, atol=1e-4)


def test_an_unfinished_run_goes_on_with_its_own_teacher_alone(tmp_path):
    net, (x, y) = network(), samples(60)
    tuning = FineTuning(epochs=1, batch=20)

    def stop(name, done, total):
        raise KeyboardInterrupt

    more = {"tuning": tuning, "work": tmp_path / "run"}
    assert not finetune(net, x, y, teacher=cnn(), progress=stop, **more).ended
    with pytest.raises(DataError, match=r"state.pt: of another run, taught was"):
        finetune(net, x, y, teacher=cnn(seed=9), **more)
    assert finetune(net, x, y, teacher=cnn(), **more).ended


def test_slips():
    net, (x, y) = network(), samples(60)
    with pytest.raises(DataError, match="teacher: it has 4 outputs, the network 5"):
        finetune(net, x, y, teacher=cnn(classes=4))
    with pytest.raises(OptionError, match="a teacher, but learn is 'labels'; leave one"):
        finetune(net, x, y, tuning=FineTuning(learn="labels"), teacher=cnn())
    with pytest.raises(OptionError, match="'both', but a converted network has no source; name it"):
        finetune(net, x, y, tuning=FineTuning(learn="both"))
    with pytest.raises(OptionError, match="learn is 'all'; give one of source, labels, both"):
        FineTuning(learn="all")
