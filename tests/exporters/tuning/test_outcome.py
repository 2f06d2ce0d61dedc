"""What a search found: the front, its options, its picture."""

from pathlib import Path

import pytest

import exporters
from exporters.tuning.outcome import Goal, Tuning, export_options
from onespike_lava.errors import OptionError
from onespike_lava.netx import load
from tests.exporters.tuning.grids import GRID, point
from tests.sources import cnn, images


def test_the_pareto_front_by_hand():
    front = [point(0.5, 10, 5.0), point(0.1, 20, 5.0), point(0.5, 12, 6.0), point(0.1, 20, 5.0)]
    behind = [point(0.5, 11, 5.0), point(0.6, 12, 6.0), point(0.1, 20, 4.0)]
    points = (behind[0], *front, *behind[1:])
    found = Tuning(95.0, points, (), Goal(), 0)
    assert list(found.pareto) == front
    assert found.best == front[1]


def test_options_of_the_best_make_its_network(data, tmp_path):
    found = exporters.tune(
        *(cnn(), images(), data, tmp_path),
        **{**GRID, "shift": (True, False), "input_range": (-3.0, 3.0), "bases": {"conv1": 1.4}},
        max_loss=2.0,
    )
    network = exporters.convert(cnn(), images(), **found.best.options, wait=found.best.wait).network
    assert network.layers == load(tmp_path / "nets" / f"{found.best.net}.net").layers
    words = export_options(found.best)
    assert words[-2:] == ["--wait", str(found.best.wait)]
    assert "--input-range=-3.0,3.0" in words
    assert words[words.index("--layer-base") + 1] == "conv1=1.4"
    assert ("--no-shift" in words) is not found.best.options["shift"]


def test_pictures(data, tmp_path):
    pytest.importorskip("matplotlib")
    found = exporters.tune(cnn(), images(), data, **GRID, max_loss=1.0)
    for name in ("a.svg", "b.svg", "c.png"):
        found.plot().save(tmp_path / name)
    one, two, bitmap = (Path(tmp_path / name).read_bytes() for name in ("a.svg", "b.svg", "c.png"))
    assert one == two
    assert one.count(b"<use") >= len(found.points)
    assert bitmap.startswith(b"\x89PNG")
    with pytest.raises(OptionError, match=r"plot: .*a\.pdf' ends neither in \.svg nor in \.png"):
        found.plot().save(tmp_path / "a.pdf")


def test_a_picture_shows_every_point_the_front_and_the_best():
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    points = (point(0.5, 10, 5.0), point(0.5, 11, 4.0), point(0.1, 20, 6.0))
    found = Tuning(95.0, points, (), Goal(max_loss=0.3), 0)
    axis = Figure().subplots()
    assert found.plot(axis).figure is axis.figure
    (drawn,) = axis.collections
    assert drawn.get_offsets().tolist() == [[10, 0.5], [11, 0.5], [20, 0.1]]
    assert drawn.get_array().tolist() == [5.0, 4.0, 6.0]
    front, best, goal = axis.lines
    assert front.get_xydata().tolist() == [[10, 0.5], [20, 0.1]]
    assert best.get_xydata().tolist() == [[20, 0.1]]
    assert goal.get_ydata() == [0.3, 0.3]
    assert Tuning(95.0, (), (), Goal(), 0).plot().figure.axes  # nothing measured, nothing drawn


def test_a_picture_in_a_notebook_takes_the_colour_of_its_text():
    pytest.importorskip("matplotlib")
    text = Tuning(95.0, (point(0.5, 10, 5.0),), (), Goal(), 0).plot()._repr_html_()
    assert "currentColor" in text
    assert "#000000" not in text
    assert "latency: phases" in text
