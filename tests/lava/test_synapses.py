"""Dense and sparse synapses against matrix products, and what stock ones do instead."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("lava.magma", reason="lava-nc is not installed (Python 3.10 only)")

from lava.proc.dense.process import Dense as LavaDense
from lava.proc.sparse.process import Sparse as LavaSparse
from scipy.sparse import csr_matrix

import onespike_lava.processes
from onespike_lava.engines import reference
from onespike_lava.errors import LavaRunError, OptionError
from onespike_lava.processes import Aggregate, Conv, Dense, Sparse
from tests.graphs import random_sparse
from tests.lava.drive import collect, feed

pytestmark = [
    pytest.mark.lava,
    pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning"),
]

FOLDER = Path(onespike_lava.processes.__file__).parent
LEAVES = (
    "aggregate",
    "conv",
    "delay",
    "dense",
    "encoder",
    "neuron",
    "pool",
    "probe",
    "readout",
    "sparse",
)


def weights(kind: str) -> np.ndarray:
    """int8[5, 400] that hold every int8 value of a sign, or of both."""
    low, high = {"mixed": (-128, 128), "positive": (0, 128), "negative": (-128, 0)}[kind]
    every = np.resize(np.arange(low, high), 5 * 400).reshape(5, 400)
    return np.random.default_rng(0).permuted(every, axis=1).astype(np.int8)


def sums(process, given: np.ndarray, tag: str = "fixed_pt") -> np.ndarray:
    feed(process.s_in, given)
    return collect(process.a_out, given.shape[-1], tag)


def expected(weight: np.ndarray, given: np.ndarray) -> np.ndarray:
    product = weight.astype(np.int64) @ given
    return np.concatenate([np.zeros_like(product[:, :1]), product[:, :-1]], axis=1)


@pytest.mark.parametrize("tag", ["fixed_pt", "floating_pt"])
@pytest.mark.parametrize("kind", ["mixed", "positive", "negative"])
@pytest.mark.parametrize("process", [Dense, Sparse])
def test_every_int8_weight_is_exact(process, kind, tag):
    weight = weights(kind)
    given = np.random.default_rng(1).integers(0, 256, (400, 4))
    found = sums(process(weight=weight), given, tag)
    np.testing.assert_array_equal(found, expected(weight, given))


@pytest.mark.parametrize("process", [LavaDense, LavaSparse])
def test_stock_synapses_drop_the_lowest_bit(process):
    """Why there are synapses here: should Lava's ever be exact, these can go."""
    weight = np.array([[127, -128], [1, 126]])
    given = np.array([[1, 0, 0], [0, 1, 0]])
    found = sums(process(weights=weight, num_message_bits=24), given)
    np.testing.assert_array_equal(found[:, 1:], [[126, -128], [0, 126]])


def test_sparse_takes_a_sparse_matrix_and_empty_rows():
    weight = np.zeros((300, 200), np.int8)
    weight[7, 5], weight[299, 0] = -3, 127
    given = np.arange(400).reshape(200, 2) + 1
    found = sums(Sparse(weight=csr_matrix(weight)), given)
    np.testing.assert_array_equal(found, expected(weight, given))
    assert not sums(Sparse(weight=np.zeros((3, 200), np.int8)), given).any()


@pytest.mark.parametrize("tag", ["fixed_pt", "floating_pt"])
def test_one_matrix_for_all_channels(tag):
    rng = np.random.default_rng(3)
    synapse = random_sparse(rng, 0, 7, 10, signs=2)
    given = rng.integers(0, 256, (6, 5, 2, 4))
    found = sums(Aggregate(synapse=synapse, input_shape=(6, 5, 2)), given, tag)
    assert found.shape == (3, 7, 1, 4)
    assert not found[..., 0].any()
    sent = np.moveaxis(given, -1, 0).astype(np.int64)
    product = reference.connect(synapse, sent, (3, 7, 1))
    np.testing.assert_array_equal(np.moveaxis(found, -1, 0)[1:], product[:-1])


@pytest.mark.parametrize("process", [Dense, Sparse])
def test_real_weights_serve_the_floating_model_alone(process):
    given = np.array([[3, 0], [5, 0]])
    found = sums(process(weight=np.array([[0.3, -0.7]])), given, "floating_pt")
    assert found[0, 1] == pytest.approx(0.3 * 3 - 0.7 * 5, abs=1e-14)
    with pytest.raises(LavaRunError, match="weight: real numbers do not fit a fixed-point model"):
        sums(process(weight=np.array([[0.3, -0.7]])), given)


def test_real_weights_of_a_convolution_are_refused_in_fixed_point():
    given = np.ones((1, 1, 1, 2))
    with pytest.raises(LavaRunError, match="weight: real numbers do not fit a fixed-point model"):
        sums(Conv(weight=np.full((1, 1, 1, 1), 0.3), input_shape=(1, 1, 1)), given)


@pytest.mark.parametrize("value", [128, -129])
def test_integers_outside_int8_are_refused(value):
    message = rf"^weight: .*{value}.* is outside -128\.\.127 \(int8\); rescale it$"
    weight = np.array([[0, value]])
    for make in (Dense, Sparse):
        with pytest.raises(OptionError, match=message):
            make(weight=weight)
    with pytest.raises(OptionError, match=message):
        Conv(weight=weight.reshape(1, 1, 1, 2), input_shape=(1, 2, 2))


@pytest.mark.parametrize("name", LEAVES)
def test_each_process_has_a_slot_for_a_chip_model(name):
    assert {"process.py", "models.py", "ncmodels.py"} <= {
        p.name for p in FOLDER.joinpath(name).iterdir()
    }
    slot = import_module(f"onespike_lava.processes.{name}.ncmodels")
    assert slot.AbstractNcProcessModel is None  # lava-loihi is closed


def test_lava_finds_a_model_in_the_slot(tmp_path, monkeypatch):
    """A class in `ncmodels.py` is among the models that a configuration may select."""
    package = tmp_path / "slotted"
    package.mkdir()
    (package / "__init__.py").write_text("")
    for module in ("process", "models", "ncmodels"):
        text = (FOLDER / "delay" / f"{module}.py").read_text()
        text = text.replace("onespike_lava.processes.delay", "slotted")
        if module == "ncmodels":
            text += (
                "\nfrom slotted.models import PyDelayModelFixed\n"
                "class NcDelayModel(PyDelayModelFixed):\n    pass\n"
            )
        (package / f"{module}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    from lava.magma.compiler.compiler_graphs import ProcGroupDiGraphs

    process = import_module("slotted.process").Delay(shape=(2,), steps=1)
    found = [model.__name__ for model in ProcGroupDiGraphs._find_proc_models(process)]
    assert sorted(found) == ["NcDelayModel", "PyDelayModelFixed", "PyDelayModelFloat"]
