"""Operators against naive loops, and against torch where it is installed."""

import numpy as np
import pytest

from exporters.graph import Graph, GraphError, Node

RANDOM = np.random.default_rng(5)
SHAPE = (4, 9, 8)
X = RANDOM.normal(size=(3, *SHAPE)).astype(np.float32)

WINDOWS = [
    {},
    {"stride": (2, 1)},
    {"padding": (1, 0, 1, 1)},
    {"padding": (1, 1, 0, 1), "stride": (2, 3), "dilation": (2, 1)},
]


def evaluate(op, x=X, params=None, **attrs):
    shape = Node("x", "input", attrs={"shape": x.shape[1:]})
    return Graph((shape, Node("y", op, ("x",), params or {}, attrs)), "y").evaluate(x)


def positions(x, kernel, attrs, fill):
    """Yields (row, column, window) as the loops of a textbook would."""
    top, left, bottom, right = attrs.get("padding", (0, 0, 0, 0))
    (down, across) = attrs.get("stride", (1, 1))
    (apart, beside) = attrs.get("dilation", (1, 1))
    rows = x.shape[2] + top + bottom - apart * (kernel[0] - 1)
    columns = x.shape[3] + left + right - beside * (kernel[1] - 1)
    for i, row in enumerate(range(0, rows, down)):
        for j, column in enumerate(range(0, columns, across)):
            window = np.full((*x.shape[:2], *kernel), fill, np.float64)
            for a in range(kernel[0]):
                for b in range(kernel[1]):
                    r, c = row + a * apart - top, column + b * beside - left
                    if 0 <= r < x.shape[2] and 0 <= c < x.shape[3]:
                        window[:, :, a, b] = x[:, :, r, c]
            yield i, j, window


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("window", WINDOWS)
def test_convolution(window, groups):
    weight = RANDOM.normal(size=(8, 4 // groups, 3, 2)).astype(np.float32)
    bias = RANDOM.normal(size=8).astype(np.float32)
    found = evaluate("conv", params={"weight": weight, "bias": bias}, groups=groups, **window)
    assert found.dtype == np.float32
    for i, j, under in positions(X, (3, 2), window, 0.0):
        for output in range(8):
            first = output // (8 // groups) * (4 // groups)
            part = under[:, first : first + 4 // groups]
            expected = (part * weight[output]).sum(axis=(1, 2, 3)) + bias[output]
            np.testing.assert_allclose(found[:, output, i, j], expected, rtol=1e-4, atol=1e-5)
    assert found.shape[2:] == (i + 1, j + 1)


def test_convolution_in_blocks_is_the_same(monkeypatch):
    weight = RANDOM.normal(size=(5, 4, 3, 3))
    whole = evaluate("conv", params={"weight": weight})
    monkeypatch.setattr("exporters.graph.arithmetic.BLOCK_BYTES", 1)
    np.testing.assert_array_equal(evaluate("conv", params={"weight": weight}), whole)


@pytest.mark.parametrize("window", WINDOWS)
def test_max_pool(window):
    window = {"stride": (1, 1), **window}
    found = evaluate("maxpool", kernel=(3, 2), **window)
    for i, j, under in positions(X, (3, 2), window, -np.inf):
        np.testing.assert_array_equal(found[:, :, i, j], under.max(axis=(2, 3)))
    assert found.shape[2:] == (i + 1, j + 1)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("window", WINDOWS[:3])
def test_average_pool(window, whole):
    window = {"stride": (1, 1), **window}
    found = evaluate("avgpool", kernel=(3, 2), count_include_pad=whole, **window)
    for i, j, under in positions(X, (3, 2), window, np.nan):
        expected = np.nansum(under, axis=(2, 3)) / 6 if whole else np.nanmean(under, axis=(2, 3))
        np.testing.assert_allclose(found[:, :, i, j], expected, rtol=1e-4, atol=1e-6)


def test_a_pool_steps_by_its_kernel_unless_told():
    assert evaluate("maxpool", kernel=(2, 4)).shape == (3, 4, 4, 2)


def test_linear_reads_planes_in_order():
    weight = RANDOM.normal(size=(5, 4 * 9 * 8))
    expected = X.reshape(3, -1) @ weight.T
    np.testing.assert_allclose(evaluate("linear", params={"weight": weight}), expected, rtol=1e-3)
    flat = evaluate("flatten")
    np.testing.assert_array_equal(flat, X.reshape(3, -1))


def test_batch_norm_relu_add_identity():
    vectors = {key: RANDOM.normal(size=4) for key in ("gamma", "beta", "mean")}
    vectors["var"] = RANDOM.uniform(0.1, 2, size=4)
    g, b, m, v = (vectors[key][:, None, None] for key in ("gamma", "beta", "mean", "var"))
    expected = (X - m) / np.sqrt(v + 0.1) * g + b
    found = evaluate("batchnorm", params=vectors, eps=0.1)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(evaluate("relu"), np.where(X > 0, X, 0))
    assert evaluate("identity") is not None
    shape = Node("x", "input", attrs={"shape": SHAPE})
    twice = Graph((shape, Node("y", "add", ("x", "x", "x"))), "y").evaluate(X)
    np.testing.assert_allclose(twice, 3 * X, rtol=1e-6)


def test_inputs_are_never_written_to():
    before = X.copy()
    for op in ("relu", "identity", "flatten"):
        evaluate(op)
    evaluate("maxpool", kernel=(1, 1))
    evaluate("avgpool", kernel=(1, 1))
    np.testing.assert_array_equal(X, before)


ONES = {"weight": np.ones((2, 4, 3, 3))}
NORM = {key: np.ones(4) for key in ("gamma", "beta", "mean", "var")}


@pytest.mark.parametrize(
    ("op", "params", "attrs", "reason"),
    [
        ("conv", {}, {}, "parameter weight is missing"),
        ("conv", {**ONES, "scale": [1.0]}, {}, "parameter scale is unknown; remove it"),
        (
            "conv",
            {"weight": np.full((2, 4, 3, 3), np.nan)},
            {},
            "parameter weight holds NaN or infinite values; train it again",
        ),
        ("conv", {**ONES, "bias": np.ones(3)}, {}, "bias [3] does not fit 2 channels"),
        (
            "conv",
            {"weight": np.ones((2, 4, 3))},
            {},
            "input [4, 9, 8], weight [2, 4, 3]; only 2-D is supported",
        ),
        (
            "conv",
            ONES,
            {"stride": (0, 1)},
            "stride (0, 1), padding (0, 0, 0, 0), dilation (1, 1); "
            "strides and dilations start at 1, paddings at 0",
        ),
        (
            "conv",
            ONES,
            {"padding": (1, 1)},
            "stride (1, 1), padding (1, 1), dilation (1, 1); "
            "give (rows, columns), (top, left, bottom, right), (rows, columns)",
        ),
        (
            "linear",
            {"weight": np.ones((2, 9))},
            {},
            "input [4, 9, 8] does not fit weight [2, 9]",
        ),
        ("batchnorm", {**NORM, "mean": np.ones(3)}, {}, "mean [3] does not fit 4 channels"),
        (
            "batchnorm",
            {**NORM, "var": np.zeros(4)},
            {},
            "a variance plus eps is not positive; train the running statistics again",
        ),
        (
            "maxpool",
            {},
            {"kernel": (2, 2), "padding": (3, 0, 0, 0)},
            "padding (3, 0, 0, 0) leaves a window without any input",
        ),
        ("maxpool", {}, {}, "input [4, 9, 8], kernel (); only 2-D pools are supported"),
    ],
)
def test_refusals(op, params, attrs, reason):
    with pytest.raises(GraphError) as error:
        evaluate(op, params=params, **attrs)
    assert str(error.value) == f"y ({op}): {reason}"


def test_refuses_sums_of_different_shapes_and_odd_inputs():
    shape = Node("x", "input", attrs={"shape": SHAPE})
    flat = Node("flat", "flatten", ("x",))
    with pytest.raises(GraphError) as error:
        Graph((shape, flat, Node("y", "add", ("x", "flat"))), "y")
    assert str(error.value) == (
        "y (add): inputs [4, 9, 8] and [288] differ; broadcasting is not supported"
    )
    with pytest.raises(GraphError) as error:
        Graph((shape, Node("y", "add", ("x",))), "y")
    assert str(error.value) == "y (add): 1 inputs, takes 2 up"
    with pytest.raises(GraphError) as error:
        Graph((Node("x", "input", attrs={"shape": (3, 4, 5, 6, 7)}),), "x")
    assert str(error.value) == (
        "x (input): shape (3, 4, 5, 6, 7); give (C, H, W) or (F,), without the batch"
    )
