"""The search over recipes and waits: order, goals, what workers do."""

import numpy as np
import pytest

import exporters
from exporters.choices import ENERGIES
from exporters.recipe.options import OPTIONS
from exporters.tuning.grid import candidates
from onespike_lava.errors import DataError, OptionError
from onespike_lava.evaluation.tally import evaluate
from tests.exporters.tuning.grids import GRID, QUICK
from tests.sources import cnn, images


def costs(found):
    return [(point.phases, point.wait, point.latency) for point in found.points]


def test_points_are_what_convert_and_evaluate_give(data, calls):
    found = exporters.tune(cnn(), images(), data, **GRID)
    assert calls == {"convert_recipe": 4, "measure": 8, "judge": 1}
    assert found.measured == 8
    assert found.ann == 100 * np.mean(cnn().evaluate(data[0]).argmax(1) == data[1])
    for point in found.points:
        network = exporters.convert(cnn(), images(), **point.options).network
        expected = evaluate(network, *data, wait=point.wait)
        assert point.accuracy == 100 * expected.correct / len(data[1])
        lost = round(found.ann * len(data[1]) / 100) - expected.correct
        assert point.loss == 100 * lost / len(data[1])
        assert point.energy == expected.energy.ratios
        assert set(point.energy) == set(ENERGIES)
        assert point.synops == expected.energy.exact
        assert point.base == point.options["base"]
    assert costs(found) == sorted(costs(found), key=lambda cost: cost[2])
    assert costs(found)[0] == (4, 2, 4 * 2 + 4)
    assert {point.key for point in found.points} >= set(found.pareto_keys)


@pytest.mark.parametrize("options", [{}, {"pool": "own"}, {"input_coding": "single"}])
def test_the_order_is_by_the_latency_that_is_measured(data, options):
    todo, _ = candidates(cnn(), {**QUICK, "phases": 5, **options}, (3, "T"), "", "")
    found = exporters.tune(cnn(), images(), data, **QUICK, phases=5, wait=(3, "T"), **options)
    assert [each.cost for each in todo] == [point.latency for point in found.points]


def test_waits_are_phases_or_shares():
    def waits(*given, phases=8):
        return [each.wait for each in candidates(cnn(), {"phases": phases}, given, "", "")[0]]

    assert waits("T", "0.75T", 3, "3", "0.5T", 99) == [3, 4, 6, 8]
    for bad in ("x", "0.5t", "T2", "1.5", "infT", "1e400T", "nanT"):
        with pytest.raises(OptionError, match=f"wait: '{bad}' is neither .* as 0.75T; correct it"):
            waits(bad)
    with pytest.raises(OptionError, match="wait: -1 is below 0"):
        waits(-1)
    with pytest.raises(OptionError, match="no point is possible; the first: every wait is beyond"):
        waits(9)


def test_recipes_that_cannot_be_are_listed(data):
    options = {**QUICK, "wait": "T", "phases": (4, 24), "base": 1.3, "max_spikes": (1, 2)}
    found = exporters.tune(cnn(), images(), data, **options)
    assert [(point.phases, point.options["max_spikes"]) for point in found.points] == [(4, 1)]
    reasons = {(each["phases"], each["max_spikes"]): why for each, why in found.refused}
    assert set(reasons) == {(4, 2), (24, 1), (24, 2)}
    assert "a max pool passes first spikes" in reasons[4, 2]
    with pytest.raises(OptionError, match=r"grid: no point is possible; the first: .*a max pool"):
        exporters.tune(cnn(), images(), data, **QUICK, phases=4, max_spikes=2)


def test_a_goal_ends_the_search_at_the_cheapest_point(data, calls):
    whole = exporters.tune(cnn(), images(), data, **GRID)
    limit = sorted(point.loss for point in whole.points)[len(whole.points) // 2]
    expected = next(point for point in whole.points if point.loss <= limit)
    place = whole.points.index(expected)
    assert 0 < place < len(whole.points) - 1
    calls["measure"] = 0
    found = exporters.tune(cnn(), images(), data, **GRID, max_loss=limit)
    assert (found.best, found.met) == (expected, True)
    assert calls["measure"] == place + 1
    ratio = sorted(point.energy["int8_snn"] for point in whole.points)[3]
    found = exporters.tune(cnn(), images(), data, **GRID, min_energy=ratio, energy="int8_snn")
    met = [point for point in whole.points if point.energy["int8_snn"] >= ratio]
    assert found.best == met[-1]
    both = exporters.tune(cnn(), images(), data, **GRID, max_loss=limit, min_energy=1e9)
    assert not both.met
    assert len(both.points) == len(whole.points)
    assert both.best.loss == min(point.loss for point in whole.points)


def test_workers_find_the_same(data):
    alone = exporters.tune(cnn(), images(), data, **GRID, max_loss=3.0)
    found = exporters.tune(cnn(), images(), data, **GRID, max_loss=3.0, workers=2)
    assert (found.best, found.ann) == (alone.best, alone.ann)
    known = {point.key: point for point in found.points}
    assert all(known[point.key] == point for point in alone.points)


def test_slips_are_named(data):
    words = (cnn(), images(), data)
    cases = {
        "energy: 'x' is not one of fp32, int8": {"energy": "x"},
        "phases: no value; give at least one": {"phases": ()},
        "correct: 'maybe' is not one of none": {"correct": "maybe"},
        "workers: 0 is below 1": {"workers": 0},
    }
    for message, options in cases.items():
        with pytest.raises(OptionError, match=message):
            exporters.tune(*words, **options)
    with pytest.raises(DataError, match=r"x: samples of shape \[3, 4, 4\] are not of the calib"):
        exporters.tune(cnn(), images(), (data[0][:, :, :4, :4], data[1]))
    with pytest.raises(DataError, match=r"y: labels 9\.\.9 are outside 0\.\.4"):
        exporters.tune(cnn(), images(), (data[0], data[1] * 0 + 9))
    with pytest.raises(OptionError, match="phases: '8;9' is not a list such as 8,12,16"):
        OPTIONS[0].values("8;9")
