"""Randomly drawn networks over every operator: passes keep the function, engines agree."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters import convert
from exporters.passes.pipeline import prepare
from onespike_lava.evaluation.comparison import first_difference
from tests.drawn import Drawn, samples

SEEDS = st.integers(0, 2**32 - 1)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(SEEDS, st.integers(0, 4), st.sampled_from(["own", "merge"]))
def test_passes_keep_the_function_and_account_for_every_node(seed, blocks, pool):
    graph = Drawn(seed).graph(blocks)
    x = samples(graph)
    expected = graph.evaluate(x)
    result, account = prepare(graph, pool)
    atol = 1e-4 * max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(result.evaluate(x), expected, rtol=1e-3, atol=atol)
    assert set(account) == {node.name for node in graph.nodes}
    names = {node.name for node in result.nodes}
    assert {name for name, note in account.items() if note == "converted"} <= names


@settings(max_examples=25, deadline=None, derandomize=True)
@given(SEEDS, st.integers(0, 4))
def test_engines_agree_on_every_code_and_score(seed, blocks):
    graph = Drawn(seed).graph(blocks)
    x = samples(graph, 6)
    network = convert(graph, x, phases=8, base=1.5).network
    for wait in (8, 4, 0):
        runs = [
            network.run(x[:3], engine=engine, wait=wait, record=True)
            for engine in ("numpy", "reference")
        ]
        assert first_difference(*runs) is None
        np.testing.assert_array_equal(runs[0].scores, runs[1].scores)
