"""Figures of a report: files, fonts, the same bytes each time."""

import os
import subprocess
import sys
from dataclasses import replace
from math import prod

import pytest

from onespike_lava.errors import DataError
from onespike_lava.report import LayerLoss, figures, gather, page, rasters, save_figures
from onespike_lava.report.drawing import image, inline, save, style
from onespike_lava.report.figures import every, losses
from tests.base.report.networks import Reader, compared, data, small
from tests.networks import random_network


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
    shown = figures.by_layer(found)
    assert list(shown) == [each.name for each in network.layers if each in wide]
    places = [each.name for each in network.layers]
    assert all(each.name == f"phases-{places.index(n):02d}" for n, each in shown.items())
    said = f"Of {len(network.layers) - 1} layers that send, the 2 of most neurons."
    assert said in page(found)
    assert "layers that send, the" not in whole


def test_a_raster_of_many_layers_has_one_clock_a_layer(reported, monkeypatch):
    drawn = reported[0].raster
    assert not rasters.own_clocks(drawn)
    with style():
        whole = Reader(inline(rasters.raster(drawn).draw(), "a"))
        monkeypatch.setattr(rasters, "STAIRS", 2)
        assert rasters.own_clocks(drawn)
        apart = Reader(inline(rasters.raster(drawn).draw(), "a"))
    assert not rasters.own_clocks(replace(drawn, phases=False))
    said = [f"from step {first}" for first, _ in drawn.windows.values()]
    assert [text for text in apart.text if text.startswith("from step")] == said
    assert "from step 1" not in whole.text
    assert {"step", "firing window", "first phase: largest value"} <= set(whole.text)
    assert "phase" in apart.text


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
    assert "; correct or unset MPLBACKEND" in done.stderr
