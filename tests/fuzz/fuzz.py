"""Coverage-guided fuzzing of what reads strangers' files: `python tests/fuzz/fuzz.py TARGET`.

Targets: `file`, bytes of a `.net` file; `tree`, its keys changed one by one before the network
is built; `onnx`, bytes of an ONNX file. Whatever comes, there is a network or an error of
`onespike_lava.errors`; anything else, five seconds, or 500 MB end the run and leave the input
behind. Needs `pip install atheris`; what it keeps lies in `corpus/TARGET`. Further arguments are
libFuzzer's, such as `-runs=100000 -seed=1`.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

with atheris.instrument_imports(include=["onespike_lava", "exporters"]):
    from exporters.frontends.onnx.file import from_onnx
    from exporters.passes.pipeline import prepare
    from onespike_lava.errors import OneSpikeError
    from onespike_lava.netx.parse import from_tree
    from onespike_lava.netx.reader import from_bytes
    from onespike_lava.netx.tree import to_tree

import numpy as np  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from onespike_lava.netx.writer import to_bytes  # noqa: E402
from tests.networks import random_network  # noqa: E402

LIMITS = ["-timeout=5", "-rss_limit_mb=1500", "-max_len=300000"]
"""Of one input; the memory holds the fuzzer and the libraries too, some 1,000 MB."""

TREES = [to_tree(random_network(seed, phases=4)) for seed in range(8)]

KINDS = ["i1", "u1", "i4", "i8", "f4", "f8", "S3"]


def file(data: bytes) -> None:
    """Bytes of a `.net` file."""
    from_bytes(data)


def tree(data: bytes) -> None:
    """A sound file's keys, some of them missing, moved, retyped, reshaped or with other values."""
    given = atheris.FuzzedDataProvider(data)
    keys = dict(given.PickValueInList(TREES))
    for _ in range(given.ConsumeIntInRange(1, 4)):
        path = given.PickValueInList(sorted(keys))
        array = np.array(keys[path])
        change = given.ConsumeIntInRange(0, 5)
        if change == 0:
            del keys[path]
        elif change == 1:
            keys[f"{path}{given.ConsumeUnicodeNoSurrogates(4)}"] = array
        elif change == 2:
            keys[path] = np.resize(
                array, [given.ConsumeIntInRange(0, 5) for _ in range(array.ndim)]
            )
        elif change == 3:
            kind = given.PickValueInList(KINDS)
            raw = given.ConsumeBytes(np.dtype(kind).itemsize).ljust(np.dtype(kind).itemsize, b"\1")
            keys[path] = np.frombuffer(raw, kind).reshape([1] * array.ndim)
        elif array.size:
            size = array.dtype.itemsize
            at = given.ConsumeIntInRange(0, array.size - 1)
            raw = given.ConsumeBytes(size).ljust(size, b"\1")
            array.reshape(-1)[at] = np.frombuffer(raw, array.dtype)[0]
            keys[path] = array
    from_tree(keys)


def onnx(data: bytes) -> None:
    """Bytes of an ONNX file."""
    with tempfile.NamedTemporaryFile(suffix=".onnx") as path:
        path.write(data)
        path.flush()
        prepare(from_onnx(path.name))


TARGETS: dict[str, Callable[[bytes], None]] = {"file": file, "tree": tree, "onnx": onnx}


def small() -> bytes:
    """A convolution, a ReLU, a flatten and a linear layer."""
    value, tensor = helper.make_tensor_value_info, numpy_helper.from_array
    weights = {"w": np.ones((2, 1, 2, 2), np.float32), "v": np.ones((3, 18), np.float32)}
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], pads=[0, 0, 0, 0], strides=[1, 1]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Flatten", ["b"], ["c"]),
        helper.make_node("Gemm", ["c", "v"], ["y"], transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [value("x", TensorProto.FLOAT, ["N", 1, 4, 4])],
        [value("y", TensorProto.FLOAT, ["N", 3])],
        [tensor(array, name) for name, array in weights.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    content: bytes = made.SerializeToString()
    return content


def seeds(target: str) -> list[bytes]:
    """Sound files to start from."""
    if target == "file":
        return [to_bytes(random_network(seed, phases=4)) for seed in range(8)]
    if target == "onnx":
        return [(HERE.parents[1] / "netx_models/digits/digits.onnx").read_bytes(), small()]
    return [bytes([number]) * 8 for number in range(8)]


def main() -> None:
    """Run libFuzzer on a target."""
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"usage: fuzz.py {{{','.join(TARGETS)}}} [libFuzzer options]")
    target = TARGETS[sys.argv[1]]

    def once(data: bytes) -> None:
        try:
            target(data)
        except OneSpikeError as error:
            if "\n" in str(error):
                raise ValueError(f"more than one line: {error}") from error

    corpus = HERE / "corpus" / sys.argv[1]
    corpus.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for number, content in enumerate(seeds(sys.argv[1])):
            (Path(folder) / f"seed{number}").write_bytes(content)
        atheris.Setup([sys.argv[0], *LIMITS, *sys.argv[2:], str(corpus), folder], once)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
