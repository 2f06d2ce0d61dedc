"""Random graphs and damaged files through the ONNX front end."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("onnx")

from onnx.reference import ReferenceEvaluator

from exporters.frontends.onnx.file import from_onnx
from exporters.passes.pipeline import prepare
from onespike_lava import netx
from onespike_lava.errors import OneSpikeError
from tests import ROOT
from tests.hostile import onnx_files
from tests.hostile.onnx_files import model, node
from tests.lines import check_line


def onnx_read(path):
    prepare(from_onnx(path))


SIZES = st.integers(-1, 4)
PAIRS = st.lists(SIZES, min_size=1, max_size=3)
CONSTANTS = {
    "w": np.arange(36, dtype=np.float32).reshape(2, 2, 3, 3) / 36 - 0.5,
    "d": np.arange(18, dtype=np.float32).reshape(2, 1, 3, 3) / 18 - 0.5,
    "m": np.arange(150, dtype=np.float32).reshape(50, 3) / 150 - 0.5,
    "c": np.array([0.5, -2], np.float32).reshape(2, 1, 1),
    "zero": np.zeros((), np.float32),
    "flat": np.array([0, -1]),
    "one": np.array([1]),
    "two": np.array([2]),
    "nan": np.full((2, 1, 1), np.nan, np.float32),
}
WINDOW = st.fixed_dictionaries(
    {},
    optional={
        "strides": PAIRS,
        "dilations": PAIRS,
        "pads": st.lists(SIZES, min_size=1, max_size=5),
        "kernel_shape": PAIRS,
    },
)
OPERATIONS = st.one_of(
    *(st.tuples(st.just(op), WINDOW) for op in ("Conv", "MaxPool", "AveragePool")),
    st.tuples(st.just("Conv"), st.just({"pads": [1, 1, 1, 1]})),
    st.tuples(st.just("MaxPool"), st.just({"kernel_shape": [2, 2]})),
    st.tuples(st.sampled_from(["Concat", "Flatten", "ReduceMean"]),
              st.fixed_dictionaries({"axis": SIZES})),
    st.tuples(st.sampled_from(["Relu", "Add", "Sub", "Mul", "Div", "Neg", "Reshape", "MatMul",
                               "Clip", "Max", "Identity", "GlobalAveragePool", "Pad", "Slice",
                               "Transpose", "Squeeze", "Unsqueeze"]), st.just({})),
)  # fmt: skip
STEPS = st.lists(st.tuples(OPERATIONS, st.integers(0, 3), st.sampled_from([*CONSTANTS, "last"])),
                 min_size=1, max_size=6)  # fmt: skip


def built(steps):
    """Nodes that read earlier values or constants; the last one gives y."""
    names, nodes = ["x"], []
    for number, ((op, attrs), back, constant) in enumerate(steps):
        source = names[max(0, len(names) - 1 - back)] if back else names[-1]
        other = names[-1] if constant == "last" else constant
        unary = op in ("Relu", "Neg", "MaxPool", "AveragePool", "Flatten", "Identity", "Transpose")
        inputs = source if unary or op == "GlobalAveragePool" else f"{source} {other}"
        names.append("y" if number == len(steps) - 1 else f"v{number}")
        nodes.append(node(op, inputs, names[-1], **attrs))
    return model(nodes, CONSTANTS, ("N", 2, 5, 5))


@settings(deadline=None, max_examples=30, suppress_health_check=list(HealthCheck))
@given(STEPS)
def test_a_random_graph_agrees_with_onnx_or_is_refused(tmp_path_factory, steps):
    path = tmp_path_factory.getbasetemp() / "random.onnx"
    made = built(steps)
    path.write_bytes(made.SerializeToString())
    try:
        graph = from_onnx(path)
    except OneSpikeError as error:
        check_line(error)
        return
    if any("not supported" in note for note in graph.notes.values()):
        return  # of a node that the output does not need; onnx would compute it
    x = np.random.default_rng(0).normal(size=(2, 2, 5, 5)).astype(np.float32)
    with np.errstate(all="ignore"):
        try:
            (expected,) = ReferenceEvaluator(made).run(None, {"x": x})
        except (RuntimeError, TypeError, ValueError, IndexError):
            return  # onnx does not compute it either
        found = graph.evaluate(x)
        np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=1e-3, atol=1e-4)
        try:
            prepared = prepare(graph)[0]
        except OneSpikeError as error:
            check_line(error)
            return
        np.testing.assert_allclose(
            prepared.evaluate(x).reshape(found.shape), found, rtol=1e-3, atol=1e-3
        )


@settings(deadline=None, max_examples=30, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_damaged_onnx_files_are_read_or_refused(tmp_path_factory, data):
    content = bytearray(onnx_files.small().SerializeToString())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        change = data.draw(st.sampled_from(["set", "cut", "double"]))
        if change == "set":
            content[at] = data.draw(st.integers(0, 255))
        elif change == "cut":
            del content[at : at + data.draw(st.integers(1, 9))]
        else:
            content[at:at] = content[at : at + data.draw(st.integers(1, 99))]
        if not content:
            break
    path = tmp_path_factory.getbasetemp() / "damaged.onnx"
    path.write_bytes(content)
    try:
        prepare(from_onnx(path, (1, 8, 8)))
    except OneSpikeError as error:
        check_line(error)


def read_or_refused(read, path):
    try:
        read(path)
    except OneSpikeError as error:
        check_line(error)


@pytest.mark.parametrize(("kind", "read"), [("file", netx.load), ("onnx", onnx_read)])
def test_what_the_fuzzer_kept_is_read_or_refused(kind, read):
    found = sorted((ROOT / "tests" / "fuzz" / "corpus" / kind).iterdir())
    assert len(found) > 50
    for path in found:
        read_or_refused(read, path)
