"""Networks with scores for every place of a plane: one rule for labels, in every command."""

# ruff: noqa: E402  (imports follow importorskip)

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn

from exporters import convert
from exporters.analysis.layer_errors import compare
from exporters.tuning.search import tune
from onespike_lava import netx
from onespike_lava.cli import main
from onespike_lava.errors import DataError, UnsupportedError
from onespike_lava.evaluation.tally import evaluate
from onespike_lava.report import gather, page
from tests.graphs import random_graph_network
from tests.networks import random_samples

SIZE, PLANE, CLASSES = 24, (5, 4), 3
MODULE = """
import torch
from torch import nn

def make():
    torch.manual_seed(1)
    return nn.Sequential(nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 3, 1)).eval()
"""


@pytest.fixture(scope="module")
def module():
    torch.manual_seed(1)
    return nn.Sequential(nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 3, 1)).eval()


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(0).uniform(0, 1, (SIZE, 1, *PLANE)).astype(np.float32)


@pytest.fixture(scope="module")
def y(module, x):
    """The source's own classes, some turned round, int64[N, H, W]."""
    with torch.no_grad():
        found = module(torch.from_numpy(x)).argmax(1).numpy()
    wrong = np.random.default_rng(1).random(found.shape) < 0.2
    return np.where(wrong, (found + 1) % CLASSES, found)


@pytest.fixture(scope="module")
def network(module, x):
    return convert(module, x, phases=6).network


@pytest.fixture
def files(tmp_path, monkeypatch, network, x, y):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "segments.py").write_text(MODULE)
    netx.save(network, "n.net")
    np.savez("d.npz", x=x, y=y)
    np.savez("flat.npz", x=x, y=y.reshape(-1), mask=np.ones(y.size, bool))
    return tmp_path


def called(*words):
    with pytest.raises(SystemExit) as stop:
        main(list(map(str, words)))
    return stop.value.code or 0


def told(capsys, *words):
    assert called(*words, "--json") == 0
    return json.loads(capsys.readouterr().out)


def accuracy(network, x, y):
    """By hand: the class of each place."""
    scores = network.run(x).scores.reshape(len(x), CLASSES, *PLANE)
    return float(np.mean(scores.argmax(1) == y))


@pytest.mark.parametrize("limit", [None, 10])
@pytest.mark.parametrize("data", ["d.npz", "flat.npz"])
def test_evaluate(files, capsys, network, x, y, data, limit):
    found = told(capsys, "evaluate", "n.net", "--data", data, *limited(limit))
    assert found["samples"] == (limit or SIZE)
    assert found["places"] == (limit or SIZE) * 20
    assert found["accuracy"] == accuracy(network, x[:limit], y[:limit])
    assert found["spikes"] == network.run(x[:limit]).spikes


def limited(limit):
    return () if limit is None else ("--limit", limit)


def test_places_are_counted_in_the_table_and_workers_divide_samples(files, capsys, network, x, y):
    assert called("evaluate", "n.net", "--data", "d.npz", "--workers", 2) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[:3] == [
        ["samples", "24"],
        ["places", "480"],
        ["accuracy", f"{100 * accuracy(network, x, y):.2f}", "%"],
    ]


def test_run_and_check(files, capsys):
    assert called("run", "n.net", "--input", "d.npz", "-o", "out.npz", "--limit", 4) == 0
    with np.load("out.npz") as out:
        assert out["scores"].shape == (4, 60)
    capsys.readouterr()
    found = told(capsys, "check", "n.net", "--data", "d.npz", "--limit", 4)
    assert found["fit"]["layers"][0]["spikes"] > 0


def test_verify_counts_places(files, capsys, network, module, x):
    with torch.no_grad():
        expected = module(torch.from_numpy(x[:6])).numpy().argmax(1).reshape(6, -1)
    words = ("verify", "n.net", "--data", "d.npz", "--model", "segments:make", "--limit", 6)
    found = told(capsys, *words)
    assert (found["equal"], found["samples"], found["of"]) == (True, 6, SIZE)
    assert found["source"]["agree"] == (network.run(x[:6]).predictions == expected).sum()
    assert called(*words) == 0
    out = capsys.readouterr().out
    assert f"same class as the source network: {found['source']['agree']} of 120 places" in out


def test_tune(files, module, x, y, network):
    with torch.no_grad():
        source = module(torch.from_numpy(x[:8])).numpy().argmax(1)
    given = (module, x, "d.npz", None)
    found = tune(*given, limit=8, phases=6, wait=6)
    assert found.ann == 100 * np.mean(source == y[:8])
    assert found.points[0].accuracy == pytest.approx(100 * accuracy(network, x[:8], y[:8]))
    assert called(
        *("tune", "segments:make", "--calibration", "d.npz", "--data", "d.npz", "-o", "out"),
        *("--phases", 6, "--wait", 6, "--limit", 8),
    ) in (0, 1)


def test_report_compares_with_the_source(files, capsys, module, network, x, y):
    with torch.no_grad():
        source = module(torch.from_numpy(x[:9])).numpy().argmax(1)
    words = ("--model", "segments:make", "--calibration", "d.npz", "--limit", 9)
    pytest.importorskip("jinja2")
    found = told(capsys, "report", "n.net", "--data", "d.npz", "-o", "r.html", *words)
    assert found["comparison"]["ann"] == np.mean(source == y[:9])
    assert found["accuracy"] == accuracy(network, x[:9], y[:9])
    assert 0.5 < found["comparison"]["layers"][0]["agree"] <= 1
    assert "labelled places;" in (files / "r.html").read_text()


def test_labels_that_do_not_fit_are_named(files, capsys, network, x, y):
    whole = r"y: int64\[24\] is not integer\[24, 5, 4\]; give the number of one class per place"
    with pytest.raises(DataError, match=whole):
        evaluate(network, x, y[:, 0, 0])
    with pytest.raises(DataError, match=r"^mask: bool\[24\] is not bool\[24, 5, 4\]; give one"):
        evaluate(network, x, y, mask=np.ones(SIZE, bool))
    mask = np.ones(y.shape, bool)
    mask[:, 0] = False
    outside = np.where(mask, y, -1)
    found = evaluate(network, x, outside, mask=mask)
    assert (len(found.predictions), found.samples) == (SIZE * 16, SIZE)
    np.savez("bad.npz", x=x, y=y[:, 0, 0])
    for words in (
        ("evaluate", "n.net", "--data", "bad.npz", "--limit", 3),
        ("report", "n.net", "--data", "bad.npz", "-o", "r.html", "--limit", 3),
        ("tune", "segments:make", "--calibration", "d.npz", "--data", "bad.npz", "-o", "o"),
    ):
        assert called(*words) == 2
        assert "y: int64[24] is not integer[24, 5, 4]" in capsys.readouterr().err


def test_columns_of_labels_are_labels():
    network = convert(
        nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3)),
        np.random.default_rng(0).uniform(0, 1, (30, 4)).astype(np.float32),
    ).network
    x = np.random.default_rng(1).uniform(0, 1, (7, 4))
    classes = network.predict(x)
    assert evaluate(network, x, classes[:, None]).correct == 7
    with pytest.raises(DataError, match=r"^y: int64\[7, 3\] is not integer\[7\]; give the number"):
        evaluate(network, x, np.eye(3, dtype=int)[classes])


def test_one_output_has_one_class():
    net = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 1))
    x = np.random.default_rng(0).uniform(0, 1, (30, 4)).astype(np.float32)
    with pytest.raises(DataError, match="of one output there is one class; compare its scores"):
        evaluate(convert(net, x).network, x, np.arange(30) % 2)


def test_graphs_are_known_by_their_synapses(network, tmp_path, monkeypatch, capsys):
    graph = random_graph_network(1, phases=8)
    assert (graph.is_graph, graph.dense_outputs) == (True, False)
    assert (network.is_graph, network.dense_outputs) == (False, True)
    x = random_samples(graph, 1)
    places = int(np.prod(graph.readout.shape[1:]))
    with pytest.raises(UnsupportedError, match="compares no graph networks"):
        compare(graph, None, x, np.zeros(places, int))
    pytest.importorskip("jinja2")
    told_of = page(gather(graph, x, np.zeros(places, int)))
    assert "labelled nodes of a graph;" in told_of
    monkeypatch.chdir(tmp_path)
    netx.save(graph, "g.net")
    np.savez("g.npz", x=x, y=np.zeros(places, int))
    assert called("evaluate", "g.net", "--data", "g.npz", "--workers", 2) == 2
    assert "workers: a graph is one sample" in capsys.readouterr().err
    assert called("verify", "g.net", "--data", "g.npz", "--limit", 1) == 0
    capsys.readouterr()
    assert called("verify", "g.net", "--data", "g.npz", "--model", "os:getcwd") == 2
    assert "model: graph networks are not compared" in capsys.readouterr().err


def test_the_limit_counts_graphs_not_their_nodes(tmp_path, monkeypatch, capsys):
    pytest.importorskip("scipy")
    from exporters import gcn
    from tests.exporters.gcn.modules import NODES, build
    from tests.exporters.gcn.modules import graph as made

    adjacency, x = made()
    network = gcn.convert(build(), x, adjacency=adjacency).network
    monkeypatch.chdir(tmp_path)
    netx.save(network, "g.net")
    np.savez("g.npz", x=x, y=network.predict(x)[0])
    for command in ("evaluate", "verify"):
        assert called(command, "g.net", "--data", "g.npz", "--limit", 1) == 0
    assert called("run", "g.net", "--input", "g.npz", "-o", "o.npz", "--limit", 1) == 0
    assert np.load("o.npz")["scores"].shape == (1, 3 * NODES)


def test_verify_takes_some_samples_and_says_so(tmp_path, monkeypatch, capsys):
    from exporters.cli import verify

    monkeypatch.chdir(tmp_path)
    x = np.random.default_rng(0).uniform(0, 1, (200, 4)).astype(np.float32)
    net = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3))
    netx.save(convert(net, x[:30]).network, "n.net")
    np.savez("d.npz", x=x, y=np.zeros(200, int))
    assert called("verify", "n.net", "--data", "d.npz") == 0
    out, err = capsys.readouterr()
    assert f"numpy against reference, {verify.VERIFIED} samples: equal in every spike" in out
    assert err == "compared 50 of 200 samples; --limit 200 takes all\n"
    assert called("verify", "n.net", "--data", "d.npz", "--limit", 200) == 0
    out, err = capsys.readouterr()
    assert "numpy against reference, 200 samples" in out
    assert err == ""


def test_verification_tells_how_far_it_is_and_ends_where_runs_differ(monkeypatch):
    from onespike_lava.engines import numpy as engine
    from onespike_lava.evaluation import comparison
    from tests.late import one_phase_late_once
    from tests.networks import random_network

    monkeypatch.setattr(comparison, "BLOCK", 4)
    network = random_network(3, phases=16)
    x, steps = random_samples(network, 10), []
    found = comparison.compare_engines(
        network, x, "numpy", progress=lambda *each: steps.append(each)
    )
    assert (found.difference, len(found.predictions)) == (None, 10)
    assert {(name, total) for name, _, total in steps} == {("verification", 20)}
    done = [each for _, each, _ in steps]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, 20)
    late, calls = one_phase_late_once(engine.run), []

    def run(network, data, *rest):
        calls.append(len(data))
        return (late if len(calls) == 2 else engine_run)(network, data, *rest)

    engine_run = engine.run
    monkeypatch.setattr(engine, "run", run)
    found = comparison.compare_engines(network, x, "numpy")
    assert calls == [4, 4]
    assert found.difference.sample >= 4
    assert len(found.predictions) == 8
