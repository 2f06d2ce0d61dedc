"""The operators of the source network: shape inference and float32 arithmetic of each.

`OPERATORS` is open: a new operator is an entry with a shape and a forward function, an entry
in the front ends, and a pass that brings it into spiking form, unless it is `spiking` itself.
Attributes, all optional but `shape` and `kernel`:

    stride, dilation  : (rows, columns); a pool's stride is its kernel unless given
    padding           : (top, left, bottom, right), zeros; silence in a max pool
    groups            : groups of a convolution's channels
    clip              : largest value of a relu, such as 6; none unless given
    channels          : (before, behind), channels or features of zeros that a pad adds
    start, stop, step : of a slice, one of each per axis of a sample
    kernel            : (rows, columns) of a pool
    count_include_pad : whether an average pool divides by the full kernel at borders
    eps               : of a batch norm
    half              : of a relu that shares its value with another, 0 or 1
    fixed             : whether a conv or linear stands for no trained layer: a skip, a pool
    shape             : of the input, of a view, of planes made of a vector
    sample, axes      : of a view or an input: a sample from outside, and its axes in order
    scale             : (rows, columns) that an upsample makes of one
    zeros             : whether all but the first of these are zeros, not copies
    rows, columns     : (start, stop) of each area of which `areas` takes the mean
    fire, reset, most : of neurons, as in `exporters.form.Form`
    steps             : of neurons: samples come as frames, so many in a row are one sample's
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

import numpy as np

from exporters.form import Form
from exporters.graph import arithmetic
from exporters.graph.arithmetic import groups_of, window, window_counts
from exporters.graph.node import Array, MisfitError, Node
from onespike_lava.layers import Shape

Values = list[Array]

CONSTANTS = ("keep_u", "keep_v", "gain", "drive", "start", "amount", "floor")
"""Parameters of a `neuron` beside its threshold, one number or one for each of its values."""

INPUTS_MAX = 9999
"""Most inputs of a sum or concatenation."""


@dataclass(frozen=True)
class Operator:
    """What the graph knows of an operator.

    shape    : shape of the result from the node and its inputs' shapes; raises `MisfitError`
    forward  : float32[N, *shape] from the node and its inputs' values
    arity    : (fewest, most) inputs
    required : names of parameters; `optional` ones may be absent
    spiking  : its values are those of a layer of neurons, one for each value of its one input:
               not negative, and carried by spikes
    """

    shape: Callable[[Node, list[Shape]], Shape]
    forward: Callable[[Node, Values], Array]
    arity: tuple[int, int] = (1, 1)
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    spiking: bool = False

    def check(self, node: Node, inputs: int) -> None:
        """Raise `MisfitError` unless the number of inputs and the parameters are right."""
        fewest, most = self.arity
        if not fewest <= inputs <= most:
            raise MisfitError(
                f"{inputs} inputs, takes {fewest if fewest == most else f'{fewest} up'}"
            )
        missing = [key for key in self.required if key not in node.params]
        if missing:
            raise MisfitError(f"parameter {missing[0]} is missing")
        for key, value in node.params.items():
            if key not in self.required + self.optional:
                raise MisfitError(f"parameter {key} is unknown; remove it")
            if not np.isfinite(value).all():
                raise MisfitError(f"parameter {key} holds NaN or infinite values; train it again")


def _input_shape(node: Node, inputs: list[Shape]) -> Shape:
    shape = tuple(node.attrs.get("shape", ()))
    if len(shape) not in (1, 2, 3, 4) or min(shape) < 1:
        raise MisfitError(f"shape {shape}; give (C, H, W) or (F,), without the batch")
    return shape


def _view_shape(node: Node, inputs: list[Shape]) -> Shape:
    shape = tuple(node.attrs.get("shape", ()))
    sample, axes = (tuple(node.attrs.get(key, ())) for key in ("sample", "axes"))
    if sorted(axes) != list(range(len(sample))) or not prod(shape) == prod(sample) == prod(
        inputs[0]
    ):
        raise MisfitError(
            f"axes {axes} of {_list(sample)} as {_list(shape)}; give all, and each once"
        )
    return shape


def _unflatten_shape(node: Node, inputs: list[Shape]) -> Shape:
    shape = tuple(node.attrs.get("shape", ()))
    if len(shape) != 3 or inputs[0] != (prod(shape),):
        raise MisfitError(f"input {_list(inputs[0])} does not make {_list(shape)}")
    return shape


def _upsample_shape(node: Node, inputs: list[Shape]) -> Shape:
    (shape,), scale = inputs, tuple(node.attrs.get("scale", ()))
    if len(shape) != 3 or len(scale) != 2 or min(scale) < 1:
        raise MisfitError(f"input {_list(shape)}, scale {scale}; only planes are made larger")
    return (shape[0], shape[1] * scale[0], shape[2] * scale[1])


def _areas_shape(node: Node, inputs: list[Shape]) -> Shape:
    shape = inputs[0]
    bounds = [tuple(node.attrs.get(key, ())) for key in ("rows", "columns")]
    if len(shape) != 3 or not all(bounds):
        raise MisfitError(f"input {_list(shape)}; only areas of planes have a mean")
    for each, size in zip(bounds, shape[1:], strict=True):
        if not all(0 <= start < stop <= size for start, stop in each):
            raise MisfitError(f"areas {each} of {size}; give parts of the plane")
    return (shape[0], len(bounds[0]), len(bounds[1]))


def _same_shape(node: Node, inputs: list[Shape]) -> Shape:
    return inputs[0]


def _conv_shape(node: Node, inputs: list[Shape]) -> Shape:
    (shape,), weight = inputs, node.params["weight"]
    groups = groups_of(node)
    if len(shape) != 3 or weight.ndim != 4:
        raise MisfitError(
            f"input {_list(shape)}, weight {_list(weight.shape)}; only 2-D is supported"
        )
    if shape[0] != weight.shape[1] * groups or weight.shape[0] % groups:
        raise MisfitError(
            f"input {_list(shape)} does not fit weight {_list(weight.shape)} of {groups} groups"
        )
    _check_vector(node, "bias", weight.shape[0])
    return (weight.shape[0], *_window_size(node, shape, weight.shape[2:]))


def _linear_shape(node: Node, inputs: list[Shape]) -> Shape:
    (shape,), weight = inputs, node.params["weight"]
    if weight.ndim != 2 or prod(shape) != weight.shape[1]:
        raise MisfitError(f"input {_list(shape)} does not fit weight {_list(weight.shape)}")
    _check_vector(node, "bias", weight.shape[0])
    return (weight.shape[0],)


def _batchnorm_shape(node: Node, inputs: list[Shape]) -> Shape:
    for key in ("gamma", "beta", "mean", "var"):
        _check_vector(node, key, inputs[0][0])
    if not float(node.params["var"].min()) + node.attrs.get("eps", 0.0) > 0:
        raise MisfitError("a variance plus eps is not positive; train the running statistics again")
    return inputs[0]


def _pool_shape(node: Node, inputs: list[Shape]) -> Shape:
    (shape,), kernel = inputs, tuple(node.attrs.get("kernel", ()))
    if len(shape) != 3 or len(kernel) != 2 or min(kernel) < 1:
        raise MisfitError(f"input {_list(shape)}, kernel {kernel}; only 2-D pools are supported")
    size = _window_size(node, shape, kernel)
    if node.op == "maxpool" or not node.attrs.get("count_include_pad", True):
        counts = window_counts(node, shape)
        if counts.min() == 0:
            raise MisfitError(f"padding {window(node).padding} leaves a window without any input")
    return (shape[0], *size)


def _flatten_shape(node: Node, inputs: list[Shape]) -> Shape:
    return (prod(inputs[0]),)


def _add_shape(node: Node, inputs: list[Shape]) -> Shape:
    if len(set(inputs)) != 1:
        shapes = " and ".join(_list(shape) for shape in inputs)
        raise MisfitError(f"inputs {shapes} differ; broadcasting is not supported")
    return inputs[0]


def _relu_shape(node: Node, inputs: list[Shape]) -> Shape:
    clip = node.attrs.get("clip")
    if clip is not None and not 0 < clip < np.inf:
        raise MisfitError(f"clip {clip}; give a positive number, or none for a plain ReLU")
    return inputs[0]


def _concat_shape(node: Node, inputs: list[Shape]) -> Shape:
    if len({shape[1:] for shape in inputs}) != 1:
        shapes = " and ".join(_list(shape) for shape in inputs)
        raise MisfitError(f"inputs {shapes} differ in more than their channels")
    return (sum(shape[0] for shape in inputs), *inputs[0][1:])


def _pad_shape(node: Node, inputs: list[Shape]) -> Shape:
    (shape,), padding = inputs, window(node).padding
    before, behind = node.attrs.get("channels", (0, 0))
    if min(before, behind) < 0 or (len(shape) == 1 and any(padding)):
        raise MisfitError(f"padding {padding} and {(before, behind)} for input {_list(shape)}")
    top, left, bottom, right = padding
    wide = (shape[0] + before + behind, *shape[1:])
    return wide if len(shape) == 1 else (wide[0], wide[1] + top + bottom, wide[2] + left + right)


def _slice_shape(node: Node, inputs: list[Shape]) -> Shape:
    shape = inputs[0]
    bounds = [tuple(node.attrs.get(key, ())) for key in ("start", "stop", "step")]
    if any(len(each) != len(shape) for each in bounds):
        raise MisfitError(f"bounds {bounds} for input {_list(shape)}; give one per axis")
    for start, stop, step, size in zip(*bounds, shape, strict=True):
        if not 0 <= start < stop <= size or step < 1:
            raise MisfitError(f"{start}:{stop}:{step} of {size} keeps nothing or leaves the input")
    return tuple(-(-(stop - start) // step) for start, stop, step in zip(*bounds, strict=True))


def _neuron_shape(node: Node, inputs: list[Shape]) -> Shape:
    size = prod(inputs[0])
    for key, value in node.params.items():
        if value.size not in (1, size):
            raise MisfitError(f"{key} {_list(value.shape)} does not fit {_list(inputs[0])}")
    return inputs[0]


def _neuron(node: Node, values: Values) -> Array:
    """Spikes of frames [samples * steps, *shape], float64 inside."""
    frames, steps = values[0], int(node.attrs["steps"])
    form = Form.of(node.params, node.attrs).shaped(frames.shape[1:])
    x = frames.reshape(-1, steps, *frames.shape[1:])
    spikes, _ = form.run(np.moveaxis(x, 1, 0))
    return np.moveaxis(spikes, 0, 1).reshape(frames.shape).astype(frames.dtype)


def _window_size(node: Node, shape: Shape, kernel: Shape) -> tuple[int, int]:
    size = window(node).output_size(shape[1:], kernel)
    if min(size) < 1:
        raise MisfitError(f"input {_list(shape)} is smaller than the kernel {_list(kernel)}")
    return size


def _check_vector(node: Node, key: str, size: int) -> None:
    value = node.params.get(key)
    if value is not None and value.shape != (size,):
        raise MisfitError(f"{key} {_list(value.shape)} does not fit {size} channels")


def _list(shape: Shape) -> str:
    return f"[{', '.join(map(str, shape))}]"


OPERATORS: dict[str, Operator] = {
    "input": Operator(_input_shape, arithmetic.first, arity=(0, 0)),
    "conv": Operator(_conv_shape, arithmetic.conv, required=("weight",), optional=("bias",)),
    "linear": Operator(_linear_shape, arithmetic.linear, required=("weight",), optional=("bias",)),
    "batchnorm": Operator(
        _batchnorm_shape, arithmetic.batchnorm, required=("gamma", "beta", "mean", "var")
    ),
    "relu": Operator(_relu_shape, arithmetic.relu, spiking=True),
    "maxpool": Operator(_pool_shape, arithmetic.maxpool),
    "avgpool": Operator(_pool_shape, arithmetic.avgpool),
    "flatten": Operator(_flatten_shape, arithmetic.flatten),
    "identity": Operator(_same_shape, arithmetic.first),
    "add": Operator(_add_shape, arithmetic.add, arity=(2, INPUTS_MAX)),
    "concat": Operator(_concat_shape, arithmetic.concat, arity=(2, INPUTS_MAX)),
    "pad": Operator(_pad_shape, arithmetic.pad),
    "slice": Operator(_slice_shape, arithmetic.cut),
    "view": Operator(_view_shape, arithmetic.view),
    "unflatten": Operator(_unflatten_shape, arithmetic.unflatten),
    "upsample": Operator(_upsample_shape, arithmetic.upsample),
    "areas": Operator(_areas_shape, arithmetic.areas),
    "total": Operator(_add_shape, arithmetic.add, arity=(2, INPUTS_MAX)),
    "neuron": Operator(
        _neuron_shape, _neuron, required=("threshold",), optional=CONSTANTS, spiking=True
    ),
}
"""Every operator of a graph, by the name in `Node.op`."""


def is_spiking(node: Node) -> bool:
    """Whether the node stands for a layer of spiking neurons."""
    operator = OPERATORS.get(node.op)
    return operator is not None and operator.spiking
