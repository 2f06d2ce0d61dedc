"""Planes in other forms: what small graphs would make large is refused."""

import time

import numpy as np
import pytest

from exporters.graph import Graph, Node
from exporters.passes import prepare
from onespike_lava.errors import UnsupportedError


def graph(*nodes, shape=(4, 8, 8)):
    named = [Node("x", "input", attrs={"shape": shape})]
    for number, (op, params, attrs) in enumerate(nodes):
        named.append(Node(f"n{number}", op, (named[-1].name,), params, attrs))
    return Graph(tuple(named), named[-1].name)


KERNEL = {"weight": np.ones((2, 4, 3, 3), np.float32)}
AREAS = tuple((at, at + 2) for at in range(90))


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: graph(("relu", {}, {}), ("areas", {}, {"rows": AREAS, "columns": AREAS}),
                       shape=(4, 100, 100)), "its windows differ in 8100 ways"),
        (lambda: graph(("relu", {}, {}), ("upsample", {}, {"scale": (400, 400)}),
                       ("conv", KERNEL, {"padding": (1, 1, 1, 1)}),
                       ("conv", {"weight": np.ones((2, 2, 3, 3), np.float32)},
                        {"padding": (1, 1, 1, 1)}), shape=(4, 2, 2)),
         "enlarge fewer or smaller planes"),
        (lambda: graph(("relu", {}, {}), ("unflatten", {}, {"shape": (16, 64, 64)}),
                       ("conv", {"weight": np.ones((2, 16, 3, 3), np.float32)}, {}),
                       shape=(65536,)), "view smaller vectors as planes"),
    ],
)  # fmt: skip
def test_small_graphs_make_no_huge_maps(made, words):
    begun = time.perf_counter()
    with pytest.raises(UnsupportedError, match=words):
        prepare(made())
    assert time.perf_counter() - begun < 20


def test_views_of_two_kinds_are_refused():
    entry = Node("x", "input", attrs={"shape": (8, 8)})
    one = Node("a", "view", ("x",), {}, {"sample": (8, 8), "axes": (0, 1), "shape": (8, 1, 8)})
    two = Node("b", "view", ("x",), {}, {"sample": (8, 8), "axes": (1, 0), "shape": (8, 1, 8)})
    total = Node("s", "add", ("a", "b"))
    with pytest.raises(UnsupportedError, match="take its axes in different orders"):
        prepare(Graph((entry, one, two, total), "s"))
