"""Hostile data files: samples and labels as `.npz` and `.npy`, adjacency matrices."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.hostile.case import Case, Cases, damaged

SHAPE = (4, 1, 8, 8)
X = np.zeros(SHAPE, np.float32)
Y = np.arange(4)


class Trap:
    """Unpickling one writes a file beside the data."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def npz(**arrays: Any) -> Callable[[Path], None]:
    """Puts arrays into a file."""
    return lambda path: np.savez(path.open("wb"), **arrays)


def npy(array: np.ndarray) -> bytes:
    """One array as bytes of a `.npy` file."""
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def header(text: str, version: int = 1, body: bytes = b"") -> bytes:
    """A `.npy` file with any header."""
    size = struct.pack("<H" if version == 1 else "<I", len(text) + 1)
    return b"\x93NUMPY" + bytes([version, 0]) + size + text.encode() + b"\n" + body


def declared(shape: object, kind: str = "<f4", columns: bool = False) -> str:
    """A header's text."""
    return f"{{'descr': {kind!r}, 'fortran_order': {columns}, 'shape': {shape}, }}"


def packed(x: bytes, method: int = zipfile.ZIP_STORED, **others: bytes) -> bytes:
    """An `.npz` file with any bytes for x."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in {"x": x, "y": npy(Y), **others}.items():
            archive.writestr(f"{name}.npy", content)
    return buffer.getvalue()


def arrays() -> Cases:
    """Sound files of arrays that do not fit."""
    odd = {
        "x of text": {"x": np.full(SHAPE, "a")},
        "x of bytes": {"x": np.full(SHAPE, b"a")},
        "x complex": {"x": X.astype(complex)},
        "x of dates": {"x": X.astype("i8").astype("M8[s]")},
        "x of records": {"x": np.zeros(SHAPE, "i4,f4")},
        "x void": {"x": np.zeros(SHAPE, "V5")},
        "x one number": {"x": np.float32(1)},
        "x one dimension": {"x": np.zeros(4, np.float32)},
        "x flat": {"x": X.reshape(4, 64)},
        "x transposed": {"x": np.zeros((4, 8, 8, 1), np.float32)},
        "x two channels": {"x": np.zeros((4, 2, 8, 8), np.float32)},
        "x many dimensions": {"x": np.zeros((4,) + (1,) * 20)},
        "x empty": {"x": X[:0], "y": Y[:0]},
        "x empty planes": {"x": np.zeros((4, 1, 0, 8), np.float32)},
        "x NaN": {"x": np.full(SHAPE, np.nan)},
        "x one NaN": {"x": np.where(np.arange(256).reshape(SHAPE) == 77, np.nan, X)},
        "x infinite": {"x": np.full(SHAPE, np.inf, np.float32)},
        "x minus infinite": {"x": np.full(SHAPE, -np.inf, np.float16)},
        "y of text": {"y": np.array(list("abcd"))},
        "y real": {"y": Y.astype(float)},
        "y NaN": {"y": np.full(4, np.nan)},
        "y too few": {"y": Y[:3]},
        "y none": {"y": Y[:0]},
        "y one number": {"y": np.int64(3)},
        "y one-hot": {"y": np.eye(4, 10, dtype=np.int64)},
        "y negative": {"y": Y - 1},
        "y out of range": {"y": Y + 7},
        "y largest": {"y": np.full(4, 2**63, np.uint64)},
        "mask of numbers": {"mask": Y},
        "mask too short": {"mask": np.ones(3, bool)},
        "mask of none": {"mask": np.zeros(4, bool)},
    }
    for name, given in odd.items():
        yield Case("array", name, ".npz", npz(**{"x": X, "y": Y, **given}))
    yield Case("array", "no x", ".npz", npz(images=X, y=Y))
    yield Case("array", "no y", ".npz", npz(x=X))
    yield Case("array", "nothing", ".npz", npz())
    no_columns = header(declared((2**40, 1, 8, 0)))
    yield Case("array", "x without columns", ".npz", packed(no_columns))
    large = np.full(SHAPE, 3e38, np.float32)
    yield Case("array", "x near the largest", ".npz", npz(x=large, y=Y), sound=True)
    for name in ("x of text", "x one number", "x flat", "x empty", "x NaN"):
        yield Case("array", name, ".npy", npy(np.asarray(odd[name]["x"])), name == "x empty")


def objects() -> Cases:
    """Pickles in every place where one could stand; none may be opened."""

    def put(path: Path) -> None:
        np.savez(path.open("wb"), x=np.array([Trap(path.with_name("trapped"))] * 4), y=Y)

    def labels(path: Path) -> None:
        trap = np.array([Trap(path.with_name("trapped"))] * 4)
        np.savez(path.open("wb"), x=X, y=trap)

    def mask(path: Path) -> None:
        trap = np.array([Trap(path.with_name("trapped"))] * 4)
        np.savez(path.open("wb"), x=X, y=Y, mask=trap)

    def alone(path: Path) -> None:
        np.save(path.open("wb"), np.array([Trap(path.with_name("trapped"))]))

    def pickled(path: Path) -> None:
        path.write_bytes(pickle.dumps(Trap(path.with_name("trapped"))))

    def member(path: Path) -> None:
        path.write_bytes(packed(pickle.dumps(Trap(path.with_name("trapped")))))

    for name, each in {"x": put, "y": labels, "mask": mask, "member": member}.items():
        yield Case("objects", name, ".npz", each)
    for suffix in (".npz", ".npy", ".net", ".onnx", ".safetensors", ".nir", ".adjacency"):
        yield Case("objects", f"a pickle named {suffix}", suffix, pickled)
        yield Case("objects", f"an object array named {suffix}", suffix, alone)


def headers() -> Cases:
    """Headers that declare what is not there, or are none."""
    tera = 2**40
    texts = {
        "terabytes": declared((tera, 1, 8, 8)),
        "eight gigabytes": declared((2**25, 1, 8, 8)),
        "by columns": declared((2**25, 1, 8, 8), columns=True),
        "beyond 64 bits": declared((2**62, 2**62, 8, 8)),
        "a sample of terabytes": declared((1, 1, tera, 1)),
        "negative": declared((-1, 1, 8, 8)),
        "not whole": declared((4.5, 1, 8, 8)),
        "true": declared((True, 1, 8, 8)),
        "no tuple": declared([4, 1, 8, 8]),
        "long type": declared((4,), "V2147483647"),
        "no type": declared((4,), "spam"),
        "type of terabytes": declared((4,), "<f999999999999"),
        "list of types": declared((4,)).replace("'<f4'", "[('a', '<f4', (1099511627776,))]"),
        "object": declared((4, 1, 8, 8), "|O"),
        "no keys": "{}",
        "other keys": "{'a': 1}",
        "code": "__import__('os').system('true')",
        "open": "{'descr': (",
        "deep": "(" * 900,
        "deeper": "[" * 9000,
        "long number": "1" * 9000,
        "long": " " * 60_000,
        "nothing": "",
        "no text": "\x00" * 90,
    }
    for name, text in texts.items():
        for version in (1, 2, 3, 9):
            content = header(text, version, bytes(1024))
            title = f"{name}, version {version}"
            yield Case("header", title, ".npz", packed(content))
            yield Case("header", title, ".npy", content)
    yield Case("header", "gigabytes", ".npy", b"\x93NUMPY\x02\x00\xff\xff\xff\xff{")
    yield Case("header", "gigabytes", ".npz", packed(b"\x93NUMPY\x02\x00\xff\xff\xff\xff{"))


def bombs() -> Cases:
    """Archives that swell up, lie or are none."""

    def swelling(method: int, blocks: int) -> Callable[[Path], None]:
        def put(path: Path) -> None:
            with zipfile.ZipFile(path, "w", method) as archive:
                archive.writestr("y.npy", npy(Y))
                with archive.open("x.npy", "w", force_zip64=True) as stream:
                    stream.write(header(declared((blocks * 2**15, 1, 8, 8))))
                    for _ in range(blocks):
                        stream.write(bytes(2**23))

        return put

    def many(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            for number in range(100_000):
                archive.writestr(f"{number}", b"")

    def sparse(path: Path) -> None:
        with path.open("wb") as file:
            file.truncate(2**40)

    def headed(path: Path) -> None:
        path.write_bytes(header(declared((2**30, 1, 8, 8))))
        with path.open("r+b") as file:
            file.truncate(2**38 + 128)

    sound = packed(npy(X))
    central = sound.index(b"PK\x01\x02")

    def patched(at: int, value: bytes) -> bytes:
        """Both headers of the first member, as a lying writer would have them."""
        changed = bytearray(sound)
        changed[at : at + len(value)] = value
        changed[central + at + 2 : central + at + 2 + len(value)] = value
        return bytes(changed)

    yield Case("bomb", "gigabytes deflated", ".npz", swelling(zipfile.ZIP_DEFLATED, 160))
    yield Case("bomb", "gigabytes in bzip2", ".npz", swelling(zipfile.ZIP_BZIP2, 80))
    yield Case("archive", "encrypted", ".npz", patched(6, b"\x01\x00"))
    yield Case("archive", "unknown method", ".npz", patched(8, b"\x63\x00"))
    yield Case("archive", "lzma that is none", ".npz", patched(8, b"\x0e\x00"))
    yield Case("archive", "bzip2 that is none", ".npz", patched(8, b"\x0c\x00"))
    yield Case("archive", "deflate that is none", ".npz", patched(8, b"\x08\x00"))
    yield Case("archive", "wrong sum", ".npz", patched(14, b"\x01\x02\x03\x04"))
    yield Case("archive", "wrong size", ".npz", patched(22, b"\xff\xff\xff\x7f"))
    yield Case("archive", "x no array", ".npz", packed(b"spam"))
    yield Case("archive", "x empty", ".npz", packed(b""))
    yield Case("archive", "more than declared", ".npz", packed(npy(X) + bytes(2**20)))
    yield Case("archive", "less than declared", ".npz", packed(npy(X)[:-1]))
    yield Case("archive", "hundred thousand members", ".npz", many)
    yield Case("archive", "name of no text", ".npz", packed(npy(X), **{"\x1b[2J\n": b""}), True)
    for suffix in (".npz", ".npy"):
        yield Case("no data file", "empty", suffix, b"")
        yield Case("no data file", "spam", suffix, b"spam")
        yield Case("no data file", "zip without members", suffix, b"PK\x05\x06" + bytes(18))
        yield Case("no data file", "folder", suffix, lambda path: path.mkdir())
        yield Case("no data file", "gone", suffix, lambda path: path.symlink_to("gone"))
        yield Case("no data file", "terabyte of nothing", suffix, sparse)
        yield Case("no data file", "HDF5", suffix, b"\x89HDF\r\n\x1a\n" + bytes(600))
    yield Case("no data file", "256 gigabytes of zeros", ".npy", headed)


def adjacency() -> Cases:
    """Graphs: matrices of `scipy.sparse.save_npz` and what is none."""

    def matrix(**changed: Any) -> Callable[[Path], None]:
        fields = {
            "format": np.array(b"csr"), "shape": np.array([6, 6]),
            "data": np.ones(6, np.float32), "indices": np.arange(6, dtype=np.int32),
            "indptr": np.arange(7, dtype=np.int32),
        }  # fmt: skip
        return npz(**{key: each for key, each in (fields | changed).items() if each is not None})

    big = np.array([2**31 - 1, 2**31 - 1])
    for name, changed in {
        "no format": {"format": None},
        "unknown format": {"format": np.array(b"spam")},
        "no indices": {"indices": None},
        "not square": {"shape": np.array([6, 7])},
        "other nodes": {"shape": np.array([5, 5]), "indptr": np.arange(6), "data": np.ones(5),
                        "indices": np.arange(5)},
        "three dimensions": {"shape": np.array([6, 6, 6])},
        "huge": {"shape": big},
        "huge, by entries": {"format": np.array(b"coo"), "shape": big, "row": np.arange(6),
                             "col": np.arange(6)},
        "negative": {"shape": np.array([-6, -6])},
        "indices outside": {"indices": np.arange(6, dtype=np.int32) + 9},
        "indices negative": {"indices": np.arange(6, dtype=np.int32) - 9},
        "indices of reals": {"indices": np.arange(6.0)},
        "indptr falls": {"indptr": np.array([0, 6, 1, 2, 3, 4, 6], np.int32)},
        "indptr beyond": {"indptr": np.arange(7, dtype=np.int32) * 1000},
        "indptr short": {"indptr": np.arange(3, dtype=np.int32)},
        "NaN": {"data": np.full(6, np.nan)},
        "infinite": {"data": np.full(6, np.inf)},
        "text": {"data": np.full(6, "a")},
        "complex": {"data": np.full(6, 1j)},
    }.items():  # fmt: skip
        whole = name == "indices of reals"
        yield Case("adjacency", name, ".adjacency", matrix(**changed), whole)
    yield Case("adjacency", "spam", ".adjacency", b"spam")
    yield Case("adjacency", "folder", ".adjacency", lambda path: path.mkdir())


def truncated_and_flipped(rng, flips: int, every: int) -> Cases:
    """Of one `.npz` and one `.npy` file."""
    small = X[:1]
    yield from damaged(".npz", ".npz", packed(npy(small), zipfile.ZIP_DEFLATED), rng, flips, every)
    yield from damaged(".npz", ".npz", packed(npy(small)), rng, flips, every * 8)
    yield from damaged(".npy", ".npy", npy(small), rng, flips, every)
