"""Hostile ONNX files: data elsewhere, graphs that are none, constants that swell up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.hostile.case import ONNX, Case, Cases, damaged

TOP = 2**40


def model(
    nodes: Sequence[Any],
    constants: dict[str, np.ndarray] | None = None,
    shape: Sequence[Any] = ("N", 1, 8, 8),
    opset: int = 17,
    domain: str = "",
) -> Any:
    """A model of these nodes from x to y."""
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "g",
        [value("x", TensorProto.FLOAT, shape)],
        [value("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(v, k) for k, v in (constants or {}).items()],
    )
    graph.output[0].type.tensor_type.shape.SetInParent()
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid(domain, opset)])
    made.ir_version = 8
    return made


def node(op: str, inputs: str = "x", output: str = "y", **attrs: Any) -> Any:
    """A node; names are separated by blanks."""
    return helper.make_node(op, inputs.split(), output.split(), **attrs)


def small() -> Any:
    """A convolution, a ReLU and a linear layer."""
    constants = {
        "w": np.ones((2, 1, 3, 3), np.float32) / 9,
        "v": np.ones((3, 72), np.float32) / 72,
        "b": np.zeros(3, np.float32),
    }
    return model([*BODY, node("Gemm", "c v b", transB=1)], constants)


BODY = [node("Conv", "x w", "a"), node("Relu", "a", "r"), node("Flatten", "r", "c")]


def changed(change: Callable[[Any], None]) -> bytes:
    """The small model after a change, as bytes."""
    made = small()
    change(made)
    content: bytes = made.SerializeToString()
    return content


def external(location: str, link: str = "", **info: Any) -> Callable[[Path], None]:
    """The small model with weights in another file, perhaps behind a link."""

    def put(path: Path) -> None:
        made = small()
        tensor = made.graph.initializer[0]
        (path.parent / "w.bin").write_bytes(tensor.raw_data)
        onnx.external_data_helper.set_external_data(tensor, location, **info)
        tensor.ClearField("raw_data")
        if link:
            (path.parent / location).symlink_to(link)
        path.write_bytes(made.SerializeToString())

    return put


def outside() -> Cases:
    """External data that are elsewhere, or not what they are said to be."""
    where = {
        "absolute": ("/etc/passwd", "", {}),
        "parent": ("../sound.npz", "", {}),
        "parent of a parent": ("../../../../../../etc/passwd", "", {}),
        "through a folder": ("sub/../../sound.npz", "", {}),
        "backslashes": ("..\\sound.npz", "", {}),
        "link to a file outside": ("w.link", "/etc/passwd", {}),
        "link to a device": ("w.link", "/dev/zero", {}),
        "folder": (".", "", {}),
        "nothing": ("", "", {}),
        "absent": ("none.bin", "", {}),
        "terabytes": ("w.bin", "", {"length": TOP}),
        "too long": ("w.bin", "", {"length": 73}),
        "too short": ("w.bin", "", {"length": 71}),
        "beyond the end": ("w.bin", "", {"offset": TOP, "length": 72}),
        "negative": ("w.bin", "", {"offset": -5, "length": -1}),
    }
    for name, (location, link, info) in where.items():
        yield Case("external data", name, ".onnx", external(location, link, **info))


def structures() -> Cases:  # noqa: C901  (many small changes)
    """Graphs that are none."""

    def same(made: Any) -> None:
        made.graph.node[0].input[0] = "c"

    def twice(made: Any) -> None:
        made.graph.node.append(made.graph.node[0])

    def no_shape(made: Any) -> None:
        made.graph.input[0].type.tensor_type.ClearField("shape")

    def open_sizes(made: Any) -> None:
        for each in made.graph.input[0].type.tensor_type.shape.dim:
            each.dim_param = "A"

    def huge_input(made: Any) -> None:
        for each in made.graph.input[0].type.tensor_type.shape.dim[1:]:
            each.dim_value = TOP

    def negative(made: Any) -> None:
        made.graph.input[0].type.tensor_type.shape.dim[2].dim_value = -8

    def opset(number: int, domain: str = "") -> Callable[[Any], None]:
        def change(made: Any) -> None:
            made.opset_import[0].version, made.opset_import[0].domain = number, domain

        return change

    def declared(*dims: int) -> Callable[[Any], None]:
        def change(made: Any) -> None:
            del made.graph.initializer[0].dims[:]
            made.graph.initializer[0].dims.extend(dims)

        return change

    def retyped(kind: int) -> Callable[[Any], None]:
        return lambda made: setattr(made.graph.initializer[0], "data_type", kind)

    def stranger(*outputs: str) -> Callable[[Any], None]:
        def change(made: Any) -> None:
            made.graph.node.insert(0, node("Foo", "x", " ".join(outputs), domain="my"))
            made.opset_import.append(helper.make_opsetid("my", 1))

        return change

    def sparse(made: Any) -> None:
        values = numpy_helper.from_array(np.ones(2, np.float32), "v")
        places = numpy_helper.from_array(np.array([0, 70]), "places")
        made.graph.sparse_initializer.append(helper.make_sparse_tensor(values, places, [3, 72]))
        del made.graph.initializer[1]

    def weights(name: str, array: np.ndarray) -> Callable[[Any], None]:
        def change(made: Any) -> None:
            held = next(each for each in made.graph.initializer if each.name == name)
            held.CopyFrom(numpy_helper.from_array(array, name))

        return change

    def filled(value: float) -> Callable[[Any], None]:
        def change(made: Any) -> None:
            array = np.full((2, 1, 3, 3), value, np.float32)
            made.graph.initializer[0].CopyFrom(numpy_helper.from_array(array, "w"))

        return change

    def attribute(**attrs: Any) -> Callable[[Any], None]:
        def change(made: Any) -> None:
            made.graph.node[0].attribute.extend(
                helper.make_attribute(k, v) for k, v in attrs.items()
            )

        return change

    changes = {
        "cycle": same,
        "node twice": twice,
        "input without shape": no_shape,
        "input of open sizes": open_sizes,
        "input of terabytes": huge_input,
        "input of negative size": negative,
        "no nodes": lambda made: made.graph.ClearField("node"),
        "no graph": lambda made: made.ClearField("graph"),
        "no input": lambda made: made.graph.ClearField("input"),
        "no output": lambda made: made.graph.ClearField("output"),
        "output of nothing": lambda made: setattr(made.graph.output[0], "name", "spam"),
        "no operator set": lambda made: made.ClearField("opset_import"),
        "operator set 0": opset(0),
        "operator set -1": opset(-1),
        "operator set 999": opset(999),
        "operator set of a stranger": opset(17, "spam"),
        "newest version": lambda made: setattr(made, "ir_version", 99),
        "weights of terabytes": declared(TOP, 1, 3, 3),
        "weights of another size": declared(2, 1, 3, 4),
        "weights of negative size": declared(-2, -1, 3, 3),
        "weights of zero size": declared(0, 1, 3, 3),
        "weights of no type": retyped(0),
        "weights of text": retyped(TensorProto.STRING),
        "weights of type 999": retyped(999),
        "weights NaN": filled(np.nan),
        "weights infinite": filled(np.inf),
        "weights too large": filled(3e38),
        "weights complex": weights("w", np.ones((2, 1, 3, 3), np.complex64)),
        "weights of no channels": weights("w", np.zeros((0, 1, 3, 3), np.float32)),
        "weights of no outputs": weights("v", np.zeros((0, 72), np.float32)),
        "sparse weights": sparse,
        "nameless node without outputs": stranger(),
        "pads of two thousand": attribute(pads=[2040] * 4),
        "pads of a billion": attribute(pads=[10**9] * 4),
        "pads beyond 64 bits": attribute(pads=[2**63 - 1] * 4),
        "negative pads": attribute(pads=[-9] * 4),
        "pads of two": attribute(pads=[1, 1]),
        "no strides": attribute(strides=[0, 0]),
        "strides of three": attribute(strides=[1, 1, 1]),
        "groups of none": attribute(group=0),
        "groups of many": attribute(group=2**62),
        "dilations of a billion": attribute(dilations=[10**9] * 2),
        "kernel of another size": attribute(kernel_shape=[9, 9]),
        "attribute of another type": attribute(strides="spam"),
    }  # fmt: skip
    sound = ("input of open sizes", "nameless node without outputs")
    for name, change in changes.items():
        yield Case("ONNX graph", name, ".onnx", changed(change), name in sound)
    yield Case("no ONNX file", "empty", ".onnx", b"")
    yield Case("no ONNX file", "folder", ".onnx", lambda path: path.mkdir())
    yield Case("no ONNX file", "gone", ".onnx", lambda path: path.symlink_to("gone"))
    for name, size in {"gigabyte of nothing": 2**30, "terabyte of nothing": 2**40}.items():
        yield Case("no ONNX file", name, ".onnx", _hole(size))
    yield Case("no ONNX file", "HDF5", ".onnx", b"\x89HDF\r\n\x1a\n" + bytes(600))
    yield Case("no ONNX file", "deep", ".onnx", _deep(5000))


def _hole(size: int) -> Callable[[Path], None]:
    def put(path: Path) -> None:
        with path.open("wb") as file:
            file.truncate(size)

    return put


def _deep(levels: int) -> bytes:
    """Graphs in attributes of nodes of graphs."""
    content = b""
    for _ in range(levels):
        for tag in (b"\x32", b"\x2a", b"\x0a"):
            content = tag + _varint(len(content)) + content
        if len(content) > 10**6:
            break
    return b"\x08\x08\x3a" + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])


def constants() -> Cases:
    """Small files that compute what fills any memory, or never ends."""
    one, huge = np.ones(1, np.float32), np.array([TOP], np.int64)
    wide = np.ones((1, 3000), np.float32)
    doubled = [node("Concat", f"k{n} k{n}", f"k{n + 1}", axis=0) for n in range(40)]
    body = helper.make_graph(
        [node("Identity", "go", "on")],
        "body",
        [helper.make_tensor_value_info("i", TensorProto.INT64, []),
         helper.make_tensor_value_info("go", TensorProto.BOOL, [])],
        [helper.make_tensor_value_info("on", TensorProto.BOOL, [])],
    )  # fmt: skip
    given: dict[str, tuple[list[Any], dict[str, np.ndarray]]] = {
        "filled": ([node("ConstantOfShape", "s", "k")], {"s": huge}),
        "gigabytes filled": ([node("ConstantOfShape", "s", "k")], {"s": huge // 2**8}),
        "expanded": ([node("Expand", "o s", "k")], {"o": one, "s": huge}),
        "tiled": ([node("Tile", "o s", "k")], {"o": one, "s": huge}),
        "range": ([node("Range", "a b d", "k")],
                  {"a": np.array(0), "b": np.array(TOP), "d": np.array(1)}),
        "padded": ([node("Pad", "o p", "k")], {"o": one, "p": np.array([TOP, TOP])}),
        "outer product": ([node("MatMul", "c r", "k")],
                          {"c": np.ones((2**16, 1), np.float32), "r": np.ones((1, 2**16), "f4")}),
        "broadcast": ([node("Mul", "c r", "k")],
                      {"c": np.ones((2**17, 1), np.float32), "r": np.ones((1, 2**17), "f4")}),
        "gathered": ([node("Gather", "w g", "k")],
                     {"w": wide, "g": np.zeros(2**18, np.int64)}),
        "doubled": ([*doubled, node("Identity", "k40", "k")], {"k0": one}),
        "resized": ([node("Resize", "o  f", "k")],
                    {"o": np.ones((1, 1, 1, 1), "f4"), "f": np.full(4, 2.0**10, np.float32)}),
        "endless loop": ([node("Loop", "n t", "k", body=body)],
                         {"n": np.array(2**62), "t": np.array(True)}),
        "random": ([node("RandomNormal", "", "k", shape=[TOP])], {}),
    }  # fmt: skip
    for name, (nodes, values) in given.items():
        made = model([*nodes, node("Add", "x k")], values)
        yield Case("ONNX constant", name, ".onnx", made.SerializeToString())
    many = [node("Constant", "", f"k{n}", value_float=1.0) for n in range(50_000)]
    made = model([*many, node("Relu")])
    yield Case("ONNX constant", "fifty thousand", ".onnx", made.SerializeToString())
    few = [node("Constant", "", f"k{n}", value_float=1.0) for n in range(4000)]
    made = model([*few, node("Relu")])
    yield Case("ONNX constant", "four thousand", ".onnx", made.SerializeToString(), True)
    nodes = model([]).SerializeToString() + b"\x3a" + _varint(2 * 10**6) + b"\x0a\x00" * 10**6
    yield Case("ONNX constant", "million empty nodes", ".onnx", nodes)
    grown = [node("Concat", f"{'x' if not n else f'a{n}'} " * 4, f"a{n + 1}", axis=1)
             for n in range(20)]  # fmt: skip
    made = model([*grown, node("Identity", "a20")])
    yield Case("ONNX constant", "values of terabytes", ".onnx", made.SerializeToString())
    made = model([node("Pad", "x p")], {"p": np.array([0, 0, 2**20, 2**20] * 2)})
    yield Case("ONNX constant", "planes of terabytes", ".onnx", made.SerializeToString())


def joins() -> Cases:
    """Some hundred bytes of sums and concatenations that double each time.

    They are sound models, which `verify` tells from others; no command may convert them.
    """
    constants = {"k": np.ones((1, 1, 1, 1), "f4"), "m": np.ones((3, 64), "f4")}

    def chain(op: str, times: int, *first: Any, **attrs: Any) -> list[Any]:
        names = ["f" if first else "x", *(f"f{n}" for n in range(times))]
        nodes = [node(op, f"{a} {a}", b, **attrs) for a, b in pairwise(names)]
        return [*first, *nodes, node("Identity", names[-1], "end")]

    residual = []
    for a, b in pairwise(["x", *(f"f{n}" for n in range(30)), "end"]):
        residual += [node("Conv", f"{a} k", f"c{b}"), node("Add", f"c{b} {a}", b)]
    given = {
        "sums": [*chain("Add", 30), node("Conv", "end k")],
        "sums of spikes": [*chain("Add", 30, node("Relu", "x", "f")), node("Conv", "end k")],
        "residual sums": [*residual, node("Conv", "end k")],
        "flattened sum": [*chain("Add", 1, node("Flatten", "x", "f")), node("MatMul", "end t")],
        "flattened sums": [*chain("Add", 200, node("Flatten", "x", "f")), node("MatMul", "end t")],
        "wide concatenation": chain("Concat", 9, node("Flatten", "x", "f"), axis=1),
        "concatenations": chain("Concat", 13, axis=1),
    }
    for name, nodes in given.items():
        nodes[-1].output[0] = "y"
        made = model(nodes, {**constants, "t": constants["m"].T})
        yield Case("ONNX joins", name, ".onnx", made.SerializeToString(), sound=True)


def truncated_and_flipped(rng, flips: int, every: int) -> Cases:
    """Of the small model, and flips of the digits."""
    yield from damaged(".onnx", ".onnx", small().SerializeToString(), rng, flips, every)
    content = ONNX.read_bytes()
    yield from damaged(".onnx", ".onnx", content, rng, flips // 2, len(content))
