"""What conversions and searches show of themselves at a prompt and in a notebook."""

import numpy as np
import pytest

import exporters
from exporters.gcn import conversion as gcn
from exporters.recipe.stepping import StepRecipe
from exporters.stepping.conversion import convert_steps
from exporters.tuning.outcome import Goal, Tuning
from tests.exporters.stepping import drawn
from tests.exporters.tuning.grids import point
from tests.markup import SMALL, Cells
from tests.sources import cnn, images

LONG = 250
"""Characters of a line that a person still reads."""


def conversion():
    return exporters.convert(cnn(), images())


def stepping():
    source = drawn.network(1, "half soft")
    return convert_steps(source, drawn.samples(source, 20), StepRecipe())


def tuning():
    points = tuple(point(0.1 * number, 10 + number, 5.0) for number in range(9))
    return Tuning(95.0, points, (({"phases": 3, "base": "<b>"}, "too few"),), Goal(), 9)


def empty():
    return Tuning(95.0, (), (), Goal(), 0)


@pytest.mark.parametrize("make", [conversion, stepping, tuning, empty])
def test_lines_and_tables(make):
    found = make()
    line, page = repr(found), found._repr_html_()
    if hasattr(found, "check"):
        assert repr(found.check) == f"{type(found.check).__name__}({found.check})"
    assert line.startswith(f"{type(found).__name__}(")
    assert "\n" not in line
    assert "array(" not in line
    assert len(line) < LONG
    cells = Cells(page)
    assert cells.open == []
    assert line in cells.text
    assert "b" not in cells.tags
    assert len(page) < SMALL


def test_an_account_has_every_node():
    found = conversion()
    rows = Cells(found._repr_html_()).rows
    assert dict(rows[1:]) == dict(found.account)


def test_points_of_a_search():
    found = tuning()
    rows = Cells(found._repr_html_()).rows
    assert [row[0] == "*" for row in rows[1:10]] == [each in found.pareto for each in found.points]
    assert rows[-1] == ["phases 3, base <b>", "too few"]


def test_a_fine_tuned_network():
    pytest.importorskip("torch")
    x, y = images(), np.arange(len(images())) % 3
    plan = exporters.FineTuning(epochs=2, stages=2, validation=0.25)
    found = exporters.finetune(cnn(), x, y, phases=4, tuning=plan)
    rows = Cells(found._repr_html_()).rows
    assert [row[0] for row in rows[1:]] == ["conversion", "epoch 1", "epoch 2"]
    assert rows[1][-1] == f"{100 * found.start:.2f}"
    assert [float(row[1]) for row in rows[2:]] == pytest.approx(
        [each["loss"] for each in found.epochs], abs=1e-4
    )
    assert len(repr(found)) < LONG
    assert str(found.table()).splitlines()[0].split() == ["loss", "held", "out", "%", "seconds"]


def test_comparisons():
    compared = conversion().compare(images(8, seed=3))
    rows = Cells(compared._repr_html_()).rows
    assert [row[0] for row in rows[1:]] == [each.layer for each in compared.layers]
    assert repr(compared).startswith("Correlations(5 layers, 8 samples; least 0.9")
    assert len(repr(compared.layers[0])) < LONG


def test_a_graph_network_layer_by_layer():
    pytest.importorskip("torch")
    pytest.importorskip("scipy")
    from tests.exporters.gcn.modules import build, graph

    adjacency, x = graph()
    found = gcn.convert(build(), x, adjacency=adjacency)
    assert "\n" not in repr(found)
    assert Cells(found._repr_html_()).open == []
    compared = found.compare()
    assert [each.layer for each in compared.layers][:-1] == list(found.network.neurons)
    assert min(each.correlation for each in compared.layers) > 0.95
    known = {}
    found.source.evaluate(found.features, lambda name, value: known.setdefault(name, value))
    name = compared.layers[0].layer
    run = found.network.run(x, record=True)
    layer = found.network.hidden[0]
    levels = np.append(0, layer.payload) / 2.0**layer.payload_bits
    values = levels[run.codes[name][0, :, :, 0]] * layer.constant[:, None]
    signed = values[::2] - values[1::2]
    expected = np.corrcoef(known[name].T.ravel(), signed.ravel())[0, 1]
    assert compared[name].correlation == pytest.approx(expected)
