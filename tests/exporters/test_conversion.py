"""What a conversion does not depend on."""

import warnings
from threading import Barrier, Thread

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from exporters import convert, convert_spiking, gcn
from exporters.graph import Graph, Node
from onespike_lava.errors import OneSpikeError

X = np.random.default_rng(0).random((50, 8))


def network():
    """A linear map, a ReLU, a linear map."""
    random = np.random.default_rng(0)
    first, last = random.normal(size=(16, 8)), random.normal(size=(4, 16))
    nodes = [
        Node("x", "input", attrs={"shape": (8,)}),
        Node("hidden", "linear", ("x",), {"weight": first}),
        Node("relu", "relu", ("hidden",)),
        Node("scores", "linear", ("relu",), {"weight": last}),
    ]
    return Graph(nodes, "scores")


def threads():
    """Of every BLAS that is loaded."""
    return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}


@pytest.mark.parametrize("given", [1, 2])
def test_a_conversion_sums_with_one_thread_of_blas(given):
    """With more it sums in another order, and a tie of a rounding falls otherwise."""
    seen = set()
    with threadpool_limits(given, user_api="blas"):
        before = threads()  # a library may have fewer than it is given
        convert(network(), X, progress=lambda *_: seen.update(threads()))
        assert given in before
        assert threads() == before
    assert seen == {1}


@pytest.mark.parametrize("door", ["convert", "spiking", "graph"])
def test_so_do_all_conversions(door):
    """Told where samples are read; what follows of them is refused."""
    seen = set()

    class Told:
        def __array__(self, *_, **__):
            seen.update(threads())
            return np.zeros((0, 8))

    given = {"convert": convert, "spiking": convert_spiking, "graph": gcn.convert}[door]
    words = ((network(),), {"adjacency": Told()}) if door == "graph" else ((network(), Told()), {})
    with threadpool_limits(2, user_api="blas"), pytest.raises(OneSpikeError):
        given(*words[0], **words[1])
    assert seen == {1}


def test_so_do_conversions_in_several_threads():
    """The number is one for the whole process, so that they wait for each other."""
    seen, start = set(), Barrier(3)

    def work():
        start.wait()
        convert(network(), X, progress=lambda *_: seen.update(threads()))

    with threadpool_limits(2, user_api="blas"):
        pass
    before = threads()
    workers = [Thread(target=work) for _ in range(3)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert seen == {1}
    assert threads() == before


def test_a_number_that_something_else_holds_is_told():
    """Newer versions of OpenBLAS let no other thread lower it; with older ones it is lowered."""
    seen = set()

    def start(work):
        worker = Thread(target=work)
        worker.start()
        worker.join()

    def lowered():
        with threadpool_limits(1, user_api="blas"):
            seen.update(threads())

    held = threadpool_limits(2, user_api="blas")
    try:
        start(lowered)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            start(lambda: convert(network(), X))
    finally:
        held.restore_original_limits()
    text = "BLAS: has 2 threads, held by something else"
    assert any(text in str(each.message) for each in told) == (seen != {1})
