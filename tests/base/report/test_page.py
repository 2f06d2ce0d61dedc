"""A report's data against plain counts, and its page: whole in itself, inert, in one file."""

import os
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from math import prod

import numpy as np
import pytest

from onespike_lava.errors import DataError, MissingPartError
from onespike_lava.evaluation import tally as evaluation
from onespike_lava.layers import Input
from onespike_lava.network import Network
from onespike_lava.report import Comparison, LayerLoss, figures, gather, page, save_figures
from onespike_lava.report.drawing import image, inline, save, style
from onespike_lava.report.figures import every, losses
from onespike_lava.schedule import schedule
from tests.graphs import random_graph_network
from tests.networks import Maker, random_network, random_samples

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=http://example.org/x onerror=alert(1)>',
    '$\\frac{$ id="x" url(#y) #000000 {{ 7*7 }}',
    "</svg></style><b onclick=alert(1)>",
]


def data(network, samples=5, seed=0):
    x = random_samples(network, samples, seed)
    return x, np.random.default_rng(seed).integers(0, 5, samples)


@pytest.mark.parametrize("several", [False, True])
def test_phases_against_a_plain_count(several):
    network = random_network(4, phases=16, several=several)
    x, y = data(network)
    found = gather(network, x, y)
    run = network.run(x, record=True)
    for position, layer in enumerate(network.layers[:-1]):
        expected = np.zeros(network.code(position).steps + 1, np.int64)
        codes = run.codes[layer.name]
        if isinstance(layer, Input):
            for value in codes.reshape(-1).tolist():
                expected[0] += value == 0
                for phase in range(1, layer.bits + 1):
                    expected[phase] += value >> (layer.bits - phase) & 1
        else:
            by_neuron = codes.reshape(len(x), -1, int(np.prod(layer.shape)))
            for spikes in by_neuron.transpose(0, 2, 1).reshape(-1, by_neuron.shape[1]).tolist():
                expected[0] += not any(spikes)
                for phase in filter(None, spikes):
                    expected[phase] += 1
        assert found.phases[layer.name].tolist() == expected.tolist()
        assert expected[1:].sum() == run.spikes[layer.name]


def test_blocks_give_the_same(monkeypatch):
    network = random_network(2, phases=8)
    x, y = data(network, 7)
    whole = gather(network, x, y)
    monkeypatch.setattr(evaluation, "BLOCK", 3)
    parts = gather(network, x, y)
    assert parts.summary() == whole.summary()
    assert parts.samples == whole.samples == 7
    assert all(
        (parts.raster.marks[name] == whole.raster.marks[name]).all() for name in parts.phases
    )


def test_raster_shows_spikes_at_their_steps():
    network = random_network(2, phases=8)
    x, y = data(network, 2)
    found = gather(network, x, y, wait=5).raster
    run, slots = network.run(x, wait=5, record=True), schedule(network, 5)
    assert found.steps == slots[-1].integrate + network.phases
    for position, layer in enumerate(network.layers[1:-1], 1):
        codes = run.codes[layer.name][0].reshape(-1)
        chosen = np.unique(np.linspace(0, codes.size - 1, found.shown[layer.name]).astype(int))
        steps = slots[position].fire + codes[chosen].astype(int)
        expected = [[row, steps[row]] for row in np.flatnonzero(codes[chosen])]
        assert sorted(found.marks[layer.name].tolist()) == sorted(expected)


class Reader(HTMLParser):
    """Tags, attributes, and the text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text, self.headings = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *each) for each in attrs]

    def handle_data(self, data):
        self.text.append(data)


def compared(network):
    rows = tuple(LayerLoss(n, 0.1, -0.01, 0.0, 0.2, 0.3, 1.0) for n in network.neurons)
    return Comparison(0.5, None, False, False, 123, 5, rows, 0.3)


def small(names):
    """Two convolutions, a pool and a dense layer of given names."""
    make = Maker(np.random.default_rng(0), 8, 1.3, "graded")
    at = make.conv(make.input((2, 6, 6)), 3)
    at = make.pool(make.conv(at, 3))
    make.readout(make.dense(at, 6))
    network = make.network()
    named = [
        replace(each, name=name) for each, name in zip(network.layers[1:], names, strict=False)
    ]
    layers = (network.layers[0], *named, *network.layers[1 + len(named) :])
    provenance = (("made_by", HOSTILE[0]), ("zz", HOSTILE[1]))
    return Network(layers, network.phases, network.wait, network.weighting, provenance)


@pytest.fixture(scope="module")
def reported():
    """A report on a network with hostile names, and its page."""
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    network = small(HOSTILE)
    x, y = data(network)
    found = gather(network, x, y, comparison=compared(network), title=HOSTILE[3])
    return found, page(found)


def test_page_is_whole_in_itself_and_names_are_inert(reported):
    _, text = reported
    found = Reader(text)
    assert not {"script", "img", "iframe", "object", "embed", "b onclick"} & set(found.tags)
    for tag, name, value in found.attributes:
        assert not name.startswith("on"), (tag, name)
        if name in ("src", "href", "action", "data", "xlink:href"):
            assert value.startswith(("#", "data:,")), (tag, name, value)
    assert "@import" not in text
    assert found.text.count(HOSTILE[0]) >= 4  # in tables and figures, as they are
    assert any(HOSTILE[3] in part for part in found.text)
    assert any(HOSTILE[2] in part for part in found.text)


def test_ids_are_unique_and_headings_in_order(reported):
    found = Reader(reported[1])
    ids = [value for _, name, value in found.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    named = {value for _, name, value in found.attributes if name == "aria-labelledby"}
    assert named <= set(ids)
    assert [tag for tag in found.tags if tag in ("h1", "h2", "h3")] == ["h1", *["h2"] * 7]
    pictures = [value for _, name, value in found.attributes if name == "aria-label"]
    assert found.tags.count("svg") == sum(
        name == "role" and v == "img" for _, name, v in found.attributes
    )
    assert all(pictures)


def test_what_was_not_given_is_said(reported):
    report, text = reported
    assert text.count('<span class="absent">give ') == 1
    assert '<span class="absent">give <code>--calibration</code></span>' in text
    assert "is not, by its SHA-256" in text
    alone = page(replace(report, comparison=None))
    assert '<span class="absent">give <code>--model</code></span>' in alone
    assert (
        '<span class="absent">give <code>--model</code> and <code>--calibration</code></span>'
        in alone
    )


def test_a_graph_is_one_sample():
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    network = random_graph_network(1, phases=8)
    places = int(np.prod(network.readout.shape[1:]))
    mask = np.arange(places) < 4
    found = gather(network, random_samples(network, 1), np.zeros(places, int), mask=mask)
    assert "nodes of a graph" in page(found)
    assert len(found.evaluation.predictions) == 4


def test_figures_as_files(reported, tmp_path):
    names = save_figures(reported[0], tmp_path / "new")
    assert {"raster", "energy", "losses", "coding-error", "phases-00"} <= set(names)
    for name in names:
        assert (tmp_path / "new" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        drawn = (tmp_path / "new" / f"{name}.svg").read_bytes()
        assert b"<script" not in drawn


def test_a_name_of_dollars_is_no_formula():
    pytest.importorskip("matplotlib")
    names = ["$\\frac{$", "a\\$b$", "$x^2$"]
    rows = tuple(LayerLoss(name, 0.1, 0.0, 0.0, 0.2, 0.3, 1.0) for name in names)
    found = replace(compared(small([])), layers=rows)
    with style():
        drawn = Reader(inline(losses(found).draw(), "a"))
    assert set(names) <= set(drawn.text)


def test_of_many_layers_the_widest_have_histograms(monkeypatch):
    pytest.importorskip("jinja2")
    network = random_network(3, phases=8)
    found = gather(network, *data(network))
    whole = page(found)
    monkeypatch.setattr(figures, "HISTOGRAMS", 2)
    wide = sorted(network.layers[:-1], key=lambda layer: -prod(layer.shape))[:2]
    shown = figures.phases(found)
    assert list(shown) == [each.name for each in network.layers if each in wide]
    places = [each.name for each in network.layers]
    assert all(each.name == f"phases-{places.index(n):02d}" for n, each in shown.items())
    said = f"Of {len(network.layers) - 1} layers that send, the 2 of most neurons."
    assert said in page(found)
    assert "layers that send, the" not in whole


@pytest.mark.filterwarnings("error")
def test_letters_that_the_font_lacks_are_no_warnings(reported, tmp_path):
    names = ["层", "😀"]
    rows = tuple(LayerLoss(name, 0.1, 0.0, 0.0, 0.2, 0.3, 1.0) for name in names)
    drawn = losses(replace(compared(small([])), layers=rows))
    with style():
        assert set(names) <= set(Reader(inline(drawn.draw(), "a")).text)
        save(drawn.draw(), tmp_path, "a", ("svg", "png"))
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"no folder for figures \(File exists\); give another"):
        save(drawn.draw(), tmp_path / "file", "a")


def test_a_drawing_is_the_same_bytes_each_time(reported):
    figure = every(reported[0])[0]
    with style():
        assert image(figure.draw(), "svg") == image(figure.draw(), "svg")


def test_settings_of_matplotlib_that_are_none_are_named():
    pytest.importorskip("matplotlib")
    code = "from onespike_lava.report.drawing import style\nstyle()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "MPLBACKEND": "spam"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "OptionError: report: matplotlib does not load (Key backend: 'spam'" in done.stderr
    assert "; mend or unset MPLBACKEND" in done.stderr


@pytest.mark.parametrize("part", ["matplotlib", "jinja2"])
def test_a_missing_part_is_named(monkeypatch, part):
    if part == "matplotlib":
        pytest.importorskip("jinja2")
    network = random_network(3, phases=8)
    found = gather(network, *data(network))
    monkeypatch.setitem(sys.modules, part, None)
    with pytest.raises(
        MissingPartError, match=rf"^report: {part} is not installed; run pip install"
    ):
        page(found)
