"""The search over recipes and waits: order, goals, results that survive, what workers do."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

import exporters
from exporters.choices import ENERGIES
from exporters.recipe.options import OPTIONS
from exporters.tuning import search
from exporters.tuning.grid import candidates
from exporters.tuning.outcome import Goal, Point, Tuning, export_options
from exporters.tuning.plot import plot
from exporters.tuning.store import POINTS, Store
from onespike_lava.errors import DataError, OptionError
from onespike_lava.evaluation.tally import evaluate
from onespike_lava.netx import load
from tests.exporters.quantization.test_network import cnn, images

QUICK = {"correct": "none", "rounding": "nearest", "normalisation": "max"}
GRID = {**QUICK, "phases": (4, 6), "base": (1.3, 1.5), "wait": ("0.5T", "T")}


@pytest.fixture(scope="module")
def data():
    """Samples labelled as the network itself classes them, some wrongly."""
    x = images(300, seed=1)
    y = cnn().evaluate(x).argmax(1)
    y[::7] = (y[::7] + 1) % 5
    return x, y


@pytest.fixture
def calls(monkeypatch):
    """How often each kind of work is done."""
    counted = {"convert_recipe": 0, "measure": 0, "judge": 0}

    def counting(name):
        whole = getattr(search, name)

        def call(*words):
            counted[name] += 1
            return whole(*words)

        return call

    for name in counted:
        monkeypatch.setattr(search, name, counting(name))
    return counted


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
        with pytest.raises(OptionError, match=f"wait: '{bad}' is neither .* as 0.75T; mend it"):
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


def test_a_second_call_goes_on(data, calls, tmp_path):
    half = {**GRID, "phases": 4}
    first = exporters.tune(cnn(), images(), data, tmp_path, **half)
    lines = (tmp_path / POINTS).read_bytes()
    found = exporters.tune(cnn(), images(), data, tmp_path, **GRID)
    assert (first.measured, found.measured) == (4, 4)
    assert calls == {"convert_recipe": 4, "measure": 8, "judge": 1}
    assert (tmp_path / POINTS).read_bytes().startswith(lines)
    again = exporters.tune(cnn(), images(), data, tmp_path, **GRID)
    assert again.points == found.points
    assert again.measured == 0


def test_a_line_cut_off_is_measured_again(data, calls, tmp_path):
    found = exporters.tune(cnn(), images(), data, tmp_path, **GRID)
    whole = (tmp_path / POINTS).read_bytes()
    (tmp_path / POINTS).write_bytes(whole[:-30])
    (tmp_path / "nets" / ".a.net.0123abcd.part").write_bytes(b"left by a kill")
    again = exporters.tune(cnn(), images(), data, tmp_path, **GRID)
    assert (again.points, again.measured) == (found.points, 1)
    assert calls == {"convert_recipe": 4, "measure": 9, "judge": 1}
    keys = [json.loads(line)["key"] for line in (tmp_path / POINTS).read_text().splitlines()]
    assert len(keys) == len(set(keys)) == 8 + 4 + 1
    assert not list((tmp_path / "nets").glob(".*"))


def test_a_file_cut_at_any_byte_keeps_its_whole_lines(tmp_path):
    with Store(tmp_path, {"model": "m"}) as store:
        for number in range(4):
            store.add(f"k{number}", {"value": number})
    whole = (tmp_path / POINTS).read_bytes()
    for size in range(len(whole) + 1):
        (tmp_path / POINTS).write_bytes(whole[:size])
        with Store(tmp_path, {"model": "m"}) as store:
            assert list(store.known) == [f"k{n}" for n in range(whole[:size].count(b"\n"))]
            store.add("new", {})
        lines = (tmp_path / POINTS).read_bytes().splitlines()
        assert [json.loads(line)["key"] for line in lines] == [*store.known]


def test_results_of_something_else_are_refused(data, tmp_path):
    options = {**QUICK, "phases": 4, "wait": "T"}
    exporters.tune(cnn(), images(), data, tmp_path, **options)
    cases = {
        "model": (cnn(seed=1), images(), data),
        "calibration": (cnn(), images(seed=2), data),
        "data": (cnn(), images(), (data[0], data[1][::-1])),
    }
    for name, words in cases.items():
        with pytest.raises(DataError, match=f"holds points of another {name} .*another folder"):
            exporters.tune(*words, tmp_path, **options)
    with pytest.raises(DataError, match="holds points of another data"):
        exporters.tune(cnn(), images(), data, tmp_path, **options, limit=100)
    (tmp_path / "tune.json").write_text("[]")
    with pytest.raises(DataError, match=r"tune\.json: not what tune writes; give another folder"):
        exporters.tune(cnn(), images(), data, tmp_path, **options)


def test_another_version_measures_anew(data, calls, tmp_path, monkeypatch):
    options = {**QUICK, "phases": 4, "wait": "T"}
    exporters.tune(cnn(), images(), data, tmp_path, **options)
    monkeypatch.setattr(search, "__version__", "0.0.0")
    assert exporters.tune(cnn(), images(), data, tmp_path, **options).measured == 1
    assert calls["measure"] == 2


def test_one_search_at_a_time(tmp_path):
    pytest.importorskip("fcntl")
    with Store(tmp_path, {}), pytest.raises(DataError, match="another tune is at work there"):
        Store(tmp_path, {})
    (tmp_path / POINTS).write_text("nonsense\n")
    with pytest.raises(DataError, match=r"points\.jsonl: line 1 is no point; take the line away"):
        Store(tmp_path, {})


@pytest.fixture
def kept(data, tmp_path):
    """A folder of one point, its outcome, and the call that goes on there."""

    def again():
        return exporters.tune(cnn(), images(), data, tmp_path, **QUICK, phases=4, wait="T")

    return tmp_path, again(), again


WRONG = (None, "x", "\x1b", float("nan"), -1, [], {}, True, 10**400)


def test_records_are_believed_only_where_they_are_sound(kept):
    folder, _, again = kept
    path = folder / POINTS
    records = [json.loads(line) for line in path.read_text().splitlines()]
    never_read = {"seconds", "net", "wait", "recipe"}
    cases = []
    for place, record in enumerate(records):
        for name in set(record) - never_read - {"key"}:
            less = {key: value for key, value in record.items() if key != name}
            optional = name == "sha256"  # without it the conversion is made anew
            cases += [] if optional else [(place, less)]
            cases += [(place, record | {name: value}) for value in WRONG if value not in ("x",)]
            cases += [] if name == "refused" else [(place, record | {name: "x"})]
        if "samples" in record:
            cases += [(place, record | {"samples": 0}), (place, record | {"correct": 301})]
        cases += [(place, text) for text in ("[" * 100_000, "[]", '{"key": 1}', "")]
    for place, case in cases:
        lines = [json.dumps(each) for each in records]
        lines[place] = case if isinstance(case, str) else json.dumps(case)
        path.write_text("\n".join(lines) + "\n")
        message = rf"points\.jsonl: line {place + 1} is no point; take the line away"
        with pytest.raises(DataError, match=message):
            Store(folder, {})
    assert len(cases) > 60
    with pytest.raises(DataError, match="is no point"):
        again()


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, "[]", '"x"', "", "1" * 5000],
    ids=["deep", "list", "text", "empty", "long"],
)
def test_a_head_that_is_none_is_refused(kept, text):
    folder, _, again = kept
    (folder / "tune.json").write_text(text)
    with pytest.raises(DataError, match=r"tune\.json: not what tune writes; give another folder"):
        again()


def test_a_conversion_that_is_not_the_one_kept_is_refused(kept):
    folder, first, again = kept
    path = folder / "nets" / f"{first.best.net}.net"
    lines, whole = (folder / POINTS).read_bytes(), path.read_bytes()
    (folder / POINTS).write_bytes(lines[: lines[:-1].rfind(b"\n") + 1])  # without the point
    for content in (whole[:500], b"", whole + b" "):
        path.write_bytes(content)
        with pytest.raises(DataError, match=rf"{path.name}: SHA-256 is .*; delete the file, and"):
            again()
    path.unlink()
    assert again().points == first.points
    assert path.read_bytes() == whole


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs POSIX")
@pytest.mark.parametrize("name", [POINTS, "tune.json"])
def test_a_pipe_in_the_folder_is_not_waited_for(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(DataError, match=f"{name}: is a device or pipe; give the path of a file"):
        Store(tmp_path, {"model": "m"})


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


def point(loss, latency, ratio):
    return Point(
        key=f"{loss} {latency} {ratio}",
        **{"options": {}, "phases": 8, "wait": 8, "base": 1.3, "accuracy": 90.0, "loss": loss},
        **{"latency": latency, "energy": {"fp32": ratio}, "spikes_per_neuron": 0.4, "synops": 1.0},
        net="n",
    )


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
        plot(found, tmp_path / name)
    one, two, bitmap = (Path(tmp_path / name).read_bytes() for name in ("a.svg", "b.svg", "c.png"))
    assert one == two
    assert one.count(b"<use") >= len(found.points)
    assert bitmap.startswith(b"\x89PNG")
    with pytest.raises(OptionError, match=r"plot: .*a\.pdf' ends neither in \.svg nor in \.png"):
        plot(found, tmp_path / "a.pdf")
