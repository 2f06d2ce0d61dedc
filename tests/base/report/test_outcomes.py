"""Samples that changed their class, errors and confusions, against plain counts."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from onespike_lava.report import gather, page
from onespike_lava.report.outcomes import CASES, Outcomes, outcomes
from tests.base.evaluation.dense import dense
from tests.base.report.networks import Reader, compared, data, small, stepping
from tests.graphs import random_graph_network
from tests.networks import random_network, random_samples


def words_of(report):
    return " ".join(" ".join(Reader(page(report)).text).split())


@pytest.mark.parametrize("masked", [False, True])
def test_changes_of_class_are_counted_one_by_one(masked):
    network = small([])
    x, y = data(network, 40)
    mask = np.arange(40) % 3 > 0 if masked else None
    chosen = np.arange(40) if mask is None else np.flatnonzero(mask)
    found = network.predict(x)[chosen]
    source = found.copy()
    source[::4] = (source[::4] + 1) % 5
    got = outcomes(network, x, y, mask, found, source=source)
    counts = {"changed": 0, "lost": 0, "gained": 0}
    for place, label, ours, theirs in zip(chosen, y[chosen], found, source, strict=True):
        if ours != theirs:
            counts["changed"] += 1
            counts["lost"] += theirs == label
            counts["gained"] += ours == label
            case = got.cases[counts["changed"] - 1]
            assert (case.index, case.label, case.source, case.found) == (place, label, theirs, ours)
            assert case.picture.shape == (6, 6)
            assert (case.picture.min(), case.picture.max()) == (0, 1)
    assert got.summary() == counts
    assert counts["changed"] > 4
    confusion = np.zeros_like(got.confusion)
    for label, ours in zip(y[chosen], found, strict=True):
        confusion[label, ours] += 1
    assert got.confusion.tolist() == confusion.tolist()


def test_without_a_source_the_errors_are_shown():
    network = small([])
    x, y = data(network, 60)
    found = network.predict(x)
    got = outcomes(network, x, y, None, found)
    wrong = np.flatnonzero(found != y)
    assert [case.index for case in got.cases] == wrong[:CASES].tolist()
    assert (got.errors, got.changed, got.summary()) == (len(wrong), None, {})


def test_the_most_frequent_confusions_come_first():
    counts = np.array([[9, 1, 0], [3, 9, 0], [0, 2, 9]])
    assert Outcomes(confusion=counts).frequent() == [(1, 0, 3), (2, 1, 2), (0, 1, 1)]
    assert Outcomes(confusion=counts).frequent(1) == [(1, 0, 3)]


def test_frequent_confusions_of_many_classes_take_no_memory_again():
    counts = np.zeros((2000, 2000), np.int64)
    counts[7, 5], counts[3, 3], counts[1999, 0] = 2, 9, 4
    tracemalloc.start()
    found = Outcomes(confusion=counts).frequent()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == [(1999, 0, 4), (7, 5, 2)]
    assert peak < counts.nbytes // 100
    assert Outcomes().frequent() == []


def test_places_and_nodes_have_confusions_but_no_pictures():
    network = dense(4)
    x = random_samples(network, 3)
    y = network.predict(x).reshape(-1, 4, 6)
    got = outcomes(network, x, y, None, network.predict(x).reshape(-1))
    assert (got.confusion.trace(), got.cases) == (y.size, ())
    graph = random_graph_network(1, phases=8)
    x = random_samples(graph, 1)
    y = graph.predict(x).reshape(-1)
    assert outcomes(graph, x, y, None, y).confusion.trace() == y.size


def test_numbers_have_none_of_this():
    network = random_network(1)
    x = random_samples(network, 3)
    y = np.zeros((3, network.readout.shape[0]))
    assert outcomes(network, x, y, None, network.predict(x)) == Outcomes()


def test_events_are_pictures_of_their_sums():
    network = stepping(sent="events")
    x = random_samples(network, 4)
    y = (network.predict(x) + 1) % network.readout.scores[0]
    picture = outcomes(network, x, y, None, network.predict(x)).cases[0].picture
    whole = x[0].astype(float).sum(axis=0).mean(axis=0)
    np.testing.assert_allclose(picture, (whole - whole.min()) / np.ptp(whole))


def test_the_page_shows_them():
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    network = small([])
    x, y = data(network, 40)
    source = (network.predict(x) + (np.arange(40) < 30)) % 5
    compared_with = replace(compared(network), classes=source)
    report = gather(network, x, y, comparison=compared_with)
    words = words_of(report)
    assert "in another class than the source network puts them in, the first 12 of 30" in words
    assert "Confusion: samples of each label" in words
    assert report.summary()["changed"] == 30
    assert "classes" not in report.summary()["comparison"]
    assert "Samples in another class than their label" in words_of(gather(network, x, y))
