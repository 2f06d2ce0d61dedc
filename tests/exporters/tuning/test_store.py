"""Results on disk: they survive, and are believed only where they are sound."""

import json
import os

import pytest

import exporters
from exporters.tuning import search
from exporters.tuning.store import POINTS, Store
from onespike_lava.errors import DataError
from tests.exporters.tuning.grids import GRID, QUICK
from tests.sources import cnn, images


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
            optional = name == "sha256"  # without it the conversion is made again
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
