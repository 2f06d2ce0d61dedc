"""Reports of networks that step: rates, rasters and accuracy over the steps."""

from dataclasses import replace

import numpy as np
import pytest

from onespike_lava.errors import DataError
from onespike_lava.evaluation import tally
from onespike_lava.glossary import LINK
from onespike_lava.layers import CODINGS
from onespike_lava.network import Network
from onespike_lava.report import figures, gather, page
from onespike_lava.report.data import ROWS, Raster
from onespike_lava.report.drawing import style
from onespike_lava.report.rasters import COLUMNS, _bars, raster
from onespike_lava.report.steps import rate, settled
from onespike_lava.schedule import schedule
from tests.base.report.networks import HOSTILE, Reader, stepping
from tests.networks import random_samples


def labelled(network, samples=7):
    x = random_samples(network, samples)
    return x, np.random.default_rng(0).integers(0, network.readout.scores[0], samples)


@pytest.mark.parametrize("sent", CODINGS)
def test_rates_and_raster_against_plain_counts(sent):
    network = stepping(sent=sent)
    x, y = labelled(network)
    found = gather(network, x, y)
    run, slots = network.run(x, record=True), schedule(network, 0)
    for position, layer in enumerate(network.layers[:-1]):
        spikes = run.trains(layer.name).reshape(7, network.phases, -1) > 0
        assert found.rates[layer.name].tolist() == spikes.mean(axis=(0, 2)).tolist()
        shown, active = found.raster.shown[layer.name], np.flatnonzero(spikes[0].any(axis=0))
        among = active if len(active) else np.arange(spikes.shape[2])
        assert shown == min(ROWS, len(among))
        chosen = among[np.linspace(0, len(among) - 1, shown).astype(int)]
        steps, rows = np.nonzero(spikes[0][:, chosen])
        expected = zip(rows.tolist(), (slots[position].fire + 1 + steps).tolist(), strict=True)
        assert sorted(map(tuple, found.raster.marks[layer.name].tolist())) == sorted(expected)
    assert found.summary()["rates"] == {n: each.tolist() for n, each in found.rates.items()}
    assert "phase_counts" not in found.summary()


def test_one_run_has_all_and_blocks_give_the_same(monkeypatch):
    network = stepping()
    x, y = labelled(network)
    whole, runs, compute = gather(network, x, y), [], Network.compute
    monkeypatch.setattr(tally, "BLOCK", 3)
    monkeypatch.setattr(Network, "compute", lambda *words: runs.append(1) or compute(*words))
    parts = gather(network, x, y)
    assert len(runs) == 3
    assert parts.summary() == whole.summary()
    assert parts.evaluation.over_steps.tolist() == whole.summary()["accuracy_over_steps"]
    assert parts.evaluation.over_steps[-1] == parts.evaluation.accuracy


def test_when_accuracy_is_settled():
    assert settled(np.array([0.5])) == 1
    assert settled(np.array([0.9, 0.9, 0.9])) == 1
    assert settled(np.array([0.9, 0.2, 0.895, 0.9])) == 3
    assert settled(np.array([0.9, 0.2, 0.3, 0.9])) == 4


@pytest.mark.parametrize("steps", [101, COLUMNS, 4096])
def test_bars_of_a_long_raster_cover_the_spikes(steps):
    """Each step of a spike lies in its row's bar; a step far from every spike in none."""
    random = np.random.default_rng(0)
    spikes = random.random((5, steps)) < np.linspace(0, 0.9, 5)[:, None]
    rows, at = np.nonzero(spikes)
    left, right = (part.tolist() for part in _bars(np.stack([rows, at + 1], 1), steps)[0][:, :2].T)
    drawn = _bars(np.stack([rows, at + 1], axis=1), steps)[1][:, 0].astype(int).tolist()
    covered = np.zeros((5, steps + 2 * COLUMNS), bool)
    for row, start, end in zip(drawn, left, right, strict=True):
        assert not covered[row, int(start + 0.5) - 1 : int(end + 0.5) - 1].any()
        covered[row, int(start + 0.5) - 1 : int(end + 0.5) - 1] = True
    size = -(-steps // COLUMNS)
    blocks = np.pad(spikes, ((0, 0), (0, -steps % size))).reshape(5, -1, size).any(axis=2)
    expected = np.repeat(blocks, size, axis=1)
    assert (covered[:, : expected.shape[1]] == expected).all()
    assert not covered[:, expected.shape[1] :].any()


def test_a_bar_ends_with_its_row():
    """The last spike of a row and the first of the next lie in steps that follow each other."""
    x, y = _bars(np.array([[0, 2], [0, 3], [1, 4]]), 101)
    assert x[:, :2].tolist() == [[1.5, 3.5], [3.5, 4.5]]
    assert y[:, :2].tolist() == [[0, 0], [1, 1]]


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_page_does_not_grow_with_the_steps(share):
    pytest.importorskip("matplotlib")
    from onespike_lava.report.drawing import inline

    spikes = np.random.default_rng(0).random((40, 4096)) < share
    marks, shown = {"layer": np.argwhere(spikes) + np.array([0, 1])}, {"layer": 40}
    windows = {"layer": (1, 4096)}
    with style():
        drawn = inline(raster(Raster(marks, shown, shown, windows, 4096, False)).draw(), "a")
        rates = inline(rate("b", "layer", spikes.mean(axis=0)).draw(), "b")
    assert len(drawn) < 400_000
    assert len(rates) < 40_000


@pytest.fixture(scope="module")
def reported():
    """A report on a network that steps, of hostile names, and its page."""
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    network = stepping(HOSTILE)
    found = gather(network, *labelled(network), title=HOSTILE[3])
    return found, page(found)


def test_page_is_whole_in_itself_and_names_are_inert(reported):
    found = Reader(reported[1])
    assert not {"script", "img", "iframe", "object", "embed", "b onclick"} & set(found.tags)
    for tag, name, value in found.attributes:
        assert not name.startswith("on"), (tag, name)
        if name in ("src", "href", "action", "data", "xlink:href"):
            here = ("#", "data:,", "data:image/png;base64,")
            link = tag == "a" and value == LINK  # which loads nothing
            assert link or value.startswith(here), (tag, name, value)
    ids = [value for _, name, value in found.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert [tag for tag in found.tags if tag in ("h1", "h2", "h3")] == ["h1", *["h2"] * 9]
    assert found.text.count(HOSTILE[0]) >= 4
    assert page(reported[0]) == reported[1]


def test_page_says_what_steps_and_nothing_of_phases(reported):
    report, text = reported
    words = " ".join(" ".join(Reader(text).text).split())
    for part in ("firing rate", "voltage decay", "MACs of the input", "after all 12 steps"):
        assert part in words
    for part in ("one-spike", "One-spike", "Phase 1", "give --model", "weighting"):
        shown = words.rpartition(" Glossary ")[0].replace(HOSTILE[0], "")
        assert part not in shown.replace("one-spike neurons need", "")
    names = [figure.name for figure in figures.every(report)]
    assert "accuracy-over-steps" in names
    assert [name for name in names if name.startswith("rates-")] == [
        f"rates-{at:02d}" for at in range(len(report.network.layers) - 1)
    ]


def test_without_labels_there_is_no_accuracy(reported):
    network = reported[0].network
    x, _ = labelled(network)
    found = gather(network, x)
    assert found.rates.keys() == reported[0].rates.keys()
    summary = found.summary()
    assert (summary["correct"], summary["accuracy"]) == (None, None)
    assert "accuracy_over_steps" not in summary
    assert "The samples have no labels" in page(found)
    with pytest.raises(DataError, match=r"^accuracy: no labels of classes were given; give y"):
        _ = found.evaluation.accuracy
    with pytest.raises(DataError, match=r"^mask: says which labels count, and there are none"):
        gather(network, x, mask=np.ones(len(x), bool))
    with pytest.raises(DataError, match=r"^x: no samples; give at least one"):
        gather(network, x[:0])


def test_an_engine_without_scores_on_the_way_is_named(reported):
    report = reported[0]
    alone = replace(report, evaluation=replace(report.evaluation, over_steps=None, engine="lava"))
    words = " ".join(" ".join(Reader(page(alone)).text).split())
    assert "engine lava notes no scores on the way; take another" in words
    assert "accuracy-over-steps" not in page(alone)
