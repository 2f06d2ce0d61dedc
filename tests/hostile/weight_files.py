"""Hostile weights: safetensors files of the digits' torch model, and NIR files."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tests.hostile.case import Case, Cases, damaged
from tests.hostile.net_files import small

SHAPES = {
    "conv1.weight": [16, 1, 3, 3], "conv2.weight": [32, 16, 3, 3], "conv3.weight": [48, 32, 3, 3],
    **{f"bn{n}.{key}": [size] for n, size in ((1, 16), (2, 32), (3, 48))
       for key in ("weight", "bias", "running_mean", "running_var")},
    "linear.weight": [10, 192], "linear.bias": [10],
}  # fmt: skip

Tensors = dict[str, np.ndarray]
KINDS = {"f4": "F32", "f8": "F64", "i1": "I8", "i8": "I64", "?": "BOOL", "f2": "F16"}


def tensors() -> Tensors:
    """Sound weights."""
    rng = np.random.default_rng(0)
    found = {k: rng.normal(0, 0.1, shape).astype("f4") for k, shape in SHAPES.items()}
    return found | {k: np.abs(v) + 0.5 for k, v in found.items() if k.endswith("running_var")}


def packed(held: Tensors, **other: Any) -> bytes:
    """A safetensors file; `other` changes entries of its header."""
    head: dict[str, Any] = {}
    body = b""
    for key, array in held.items():
        raw = array.tobytes()
        kind = KINDS[array.dtype.str[1:].replace("b1", "?")]
        offsets = [len(body), len(body) + len(raw)]
        head[key] = {"dtype": kind, "shape": list(array.shape), "data_offsets": offsets}
        body += raw
    for key, changes in other.items():
        head[key] = {**head.get(key, {}), **changes}
    text = json.dumps(head).encode()
    return struct.pack("<Q", len(text)) + text + body


def weights() -> Cases:
    """Files that hold other weights than the model's, or none."""
    sound = tensors()
    key = "conv1.weight"
    without = {k: v for k, v in sound.items() if k != key}
    changed = {
        "one missing": without,
        "one more": {**sound, "more": np.zeros(1, "f4")},
        "renamed": {**without, "conv9.weight": sound[key]},
        "name that a terminal obeys": {**without, "\x1b[2J\n": sound[key]},
        "another shape": {**sound, key: sound[key][:8]},
        "transposed": {**sound, "linear.weight": sound["linear.weight"].T.copy()},
        "one number": {**sound, key: np.float32(1).reshape(())},
        "none": {},
        "whole numbers": {**sound, key: np.ones(SHAPES[key], "i1")},
        "truth values": {**sound, key: np.ones(SHAPES[key], "?")},
        "NaN": {**sound, key: np.full(SHAPES[key], np.nan, "f4")},
        "infinite": {**sound, "linear.bias": np.full(10, np.inf, "f4")},
        "negative variance": {**sound, "bn1.running_var": -np.ones(16, "f4")},
        "variance NaN": {**sound, "bn1.running_var": np.full(16, np.nan, "f4")},
        "largest": {**sound, key: np.full(SHAPES[key], 3e38, "f4")},
    }
    for name, held in changed.items():
        loose = name in ("whole numbers", "truth values", "largest")
        yield Case("weights", name, ".safetensors", packed(held), loose)
    tera = 2**40
    headers: dict[str, dict[str, Any]] = {
        "shape of terabytes": {key: {"shape": [tera, 1, 3, 3]}},
        "offsets beyond the end": {key: {"data_offsets": [0, tera]}},
        "offsets that overlap": {"conv2.weight": {"data_offsets": [0, 18432]}},
        "offsets that fall": {key: {"data_offsets": [576, 0]}},
        "negative offsets": {key: {"data_offsets": [-1, 576]}},
        "unknown type": {key: {"dtype": "PICKLE"}},
        "no type": {key: {"dtype": None}},
    }
    for name, other in headers.items():
        yield Case("safetensors header", name, ".safetensors", packed(sound, **other))
    for size in (0, 1, 10**8 + 1, 2**63, 2**64 - 1):
        content = struct.pack("<Q", size) + b"{}"
        yield Case("safetensors header", f"{size} bytes long", ".safetensors", content)
    deep = b"[" * 100_000
    for name, text in {"deep": deep, "no JSON": b"spam", "no dictionary": b"[]"}.items():
        content = struct.pack("<Q", len(text)) + text
        yield Case("safetensors header", name, ".safetensors", content)
    yield Case("no safetensors file", "empty", ".safetensors", b"")
    yield Case("no safetensors file", "folder", ".safetensors", lambda path: path.mkdir())
    yield Case("no safetensors file", "gone", ".safetensors", lambda p: p.symlink_to("gone"))
    yield Case("no safetensors file", "zip of torch", ".safetensors", b"PK\x03\x04" + bytes(99))
    yield Case("no safetensors file", "terabyte of nothing", ".safetensors", _hole)


def _hole(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**40)


def nir_files() -> Cases:
    """NIR files with what HDF5 can do beside holding arrays."""

    def put(change: Callable[[h5py.File], None]) -> Callable[[Path], None]:
        def write(path: Path) -> None:
            from exporters.nir.file import write_nir

            write_nir(small(), path)
            content = io.BytesIO(path.read_bytes())
            with h5py.File(content, "r+") as file:
                change(file)
            path.write_bytes(content.getvalue())

        return write

    def swelling(file: h5py.File) -> None:
        item = file.create_dataset("swell", (2**33,), "i1", chunks=(2**22,), compression="gzip")
        item[: 2**22] = 0
        _, raw = item.id.read_direct_chunk((0,))
        for number in range(1, 2**7):
            item.id.write_direct_chunk((number * 2**22,), raw)

    def half(file: h5py.File) -> None:
        item = file.create_dataset(
            "node/metadata/swell", (900 * 2**20,), "i1", chunks=(2**22,), compression="gzip"
        )
        item[: 2**22] = 0

    def links(file: h5py.File) -> None:
        below = file.create_group("node/end")
        for level in range(5):
            group = file.create_group(f"node/level{level}")
            for number in range(300):
                group[str(number)] = below
            below = group

    changes: dict[str, Callable[[h5py.File], None]] = {
        "gigabytes in gzip": swelling,
        "900 megabytes in gzip": half,
        "millions of paths": links,
        "cycle": lambda file: file.__setitem__("node/loop", file["node"]),
        "external link": lambda file: file.__setitem__("n", h5py.ExternalLink("/etc/passwd", "x")),
        "soft link": lambda file: file.__setitem__("n", h5py.SoftLink("/node")),
        "no nodes": lambda file: file.__delitem__("node"),
        "no type": lambda file: file["node"].__delitem__("type"),
        "objects": lambda file: file.create_dataset("o", (1,), h5py.ref_dtype),
        "external storage": lambda file: file.create_dataset(
            "e", (9,), "i1", external=[("/etc/passwd", 0, 9)]
        ),
    }
    for name, change in changes.items():
        yield Case("NIR", name, ".nir", put(change), name in ("objects",))
    for name, content in {"empty": b"", "spam": b"spam"}.items():
        yield Case("NIR", name, ".nir", content)
    for name, row in foreign().items():
        yield Case("NIR of others", name, ".nir", _put(row))


def foreign() -> dict[str, tuple[Any, ...]]:
    """Small graphs of other tools that would grow large, each an input's shape and its nodes."""
    import nir

    one = np.ones(1, np.float32)
    fires = nir.IF(one, one)
    kernel = np.ones((1, 1, 2, 2), np.float32)
    wide = [np.array([size, size]) for size in (4096, 1, 0)]
    return {
        "identity of 2^24 neurons": ((2**24,), fires),
        "more neurons than numbers": ((2**62,), fires),
        "identity of a plane": ((1, 4096, 4096), nir.Flatten(None, 0), fires),
        "padding": ((1, 9, 9), nir.Conv2d(None, kernel, 1, 4096, 1, 1, one), fires),
        "dilation": ((1, 9, 9), nir.Conv2d(None, kernel, 1, 4096, 4096, 1, one), fires),
        "groups": ((1, 9, 9), nir.Conv2d(None, kernel, 1, 1, 1, 2**40, one), fires),
        "window": ((1, 4096, 4096), nir.SumPool2d(*wide), fires),
        "windows in a row": ((1, 4096, 4096), *[nir.SumPool2d(*wide[1:2] * 2, wide[2])] * 99),
        "pools before a matrix": (
            (1, 2048, 2048),
            nir.SumPool2d(*[np.array([2, 2])] * 2, np.array([0, 0])),
            nir.Linear(np.ones((1, 2**20), np.float32)),
            fires,
        ),
        "thousands of neurons": ((1,), *[fires] * 3000),
    }


def _put(row: tuple[Any, ...]) -> Callable[[Path], None]:
    return lambda path: _row(path, *row)


def _row(path: Path, shape: tuple[int, ...], *nodes: Any) -> None:
    """Nodes one after the other, without what NIR's own constructor would work out."""
    import nir

    found = {"in": {"type": "Input", "shape": np.array(shape)}, "out": {"type": "Output"}}
    found["out"]["shape"] = np.ones(1, np.int64)
    with h5py.File(path, "w") as file:
        file["version"] = nir.version
        names = ["in", *(f"n{number}" for number in range(len(nodes))), "out"]
        for name, node in zip(names[1:], nodes, strict=False):
            found[name] = {k: v for k, v in node.to_dict().items() if v is not None}
        file["node/type"] = "NIRGraph"
        edges = np.array(list(pairwise(names)), "S9")
        file["node/edges"] = edges.astype(h5py.string_dtype())
        for name, node in found.items():
            for key, value in node.items():
                if key != "metadata":
                    file[f"node/nodes/{name}/{key}"] = value


def truncated_and_flipped(rng, flips: int, every: int) -> Cases:
    """Of sound weights, cuts mostly in the header."""
    content = packed(tensors())
    yield from damaged(".safetensors", ".safetensors", content, rng, flips, every * 99)
