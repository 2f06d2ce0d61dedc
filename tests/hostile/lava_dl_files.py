"""Hostile plain files of lava-dl: keys, types, sizes, texts, damage."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from tests.hostile.case import Case, Cases, damaged
from tests.hostile.net_files import KINDS, written
from tests.plain import Drawn, drawn

IGNORED = ("theta", "tauRho", "scaleRho")
"""Keys that nothing reads."""

OPTIONAL = ("bias", "delay", "tSample", "Ts", "groups", "stride", "padding", "dilation", "Channels")
OPTIONAL += ("refDelay", "wgtExp", "gradedSpike", "Features", "kernelSize", *IGNORED)


def networks() -> dict[str, dict[str, np.ndarray]]:
    """Trees that together hold every key."""
    return {str(seed): drawn(seed).tree() for seed in (0, 1, 2, 5)}


def keys() -> Cases:
    """Every key missing, extra, of another type, shape, sign, range."""
    seen = set()
    for name, tree in networks().items():
        for path, array in tree.items():
            parts = path.split("/")
            kind = bytes(tree[f"layer/{parts[1]}/type"][0]) if parts[0] == "layer" else b""
            key = (kind, parts[-1], array.shape == (), parts[1] == "0")
            if key not in seen:
                seen.add(key)
                for what, sound, changed in _changes(tree, path, array):
                    yield Case(
                        f"lava-dl {what[0]}", f"{name} {path} {what}", ".net", changed, sound
                    )


def _changes(tree, path, array):
    free = path.endswith(OPTIONAL)
    yield ("missing",), True, _with(tree, path, None)
    yield ("extra",), False, _with(tree, f"{path}_more", array)
    yield ("extra", "group"), False, _with(tree, f"{path}_more/inner", array)
    for kind in KINDS:
        if np.dtype(kind) != array.dtype:
            sound = free or np.dtype(kind).kind in "iufS"
            yield ("type", kind), sound, _with(tree, path, np.ones(array.shape, kind))
    for shape in ((), (0,), (1,), (*array.shape, 1), (1, *array.shape), (3, 0, 5), (2,) * 6):
        if shape != array.shape:
            yield ("shape", str(shape)), True, _with(tree, path, np.resize(array, shape))
    if array.dtype.kind in "if":
        for value in (np.nan, np.inf, -np.inf, 0.5, 1e300, -1, 0, 2**31, -(2**31), 2**62, 63, 256):
            changed = array.astype(float)
            changed[(0,) * array.ndim] = value
            yield ("NaN, infinite or range", str(value)), True, _with(tree, path, changed)


def _with(tree, path: str, array) -> Callable[[Path], None]:
    def put(target: Path) -> None:
        changed = {key: value for key, value in tree.items() if key != path}
        target.write_bytes(written(changed if array is None else {**changed, path: array}))

    return put


def sizes() -> Cases:
    """Sizes that no memory holds, declared in a few bytes."""
    top = 2**31 - 1
    for name, tree in networks().items():
        for path in [each for each in tree if each.endswith("/shape")]:
            for size in (
                [top, 1, 1],
                [1, top, top],
                [2, top, top],
                [2**24, 1, 1],
                [2**24],
                [0],
                [-1],
            ):
                put = _with(tree, path, np.array(size))
                yield Case("lava-dl absurd shape", f"{name} {path} {size}", ".net", put)
    for steps in (4097, top, 2**62):
        put = _with(networks()["1"], "simulation/tSample", np.array(steps))
        yield Case("lava-dl absurd shape", f"{steps} steps", ".net", put)
    for build in (_outputs, _channels, _planes):
        yield Case("lava-dl absurd shape", build.__name__, ".net", build)


def _outputs(path: Path) -> None:
    """A million outputs to be counted, over a connection from each to each."""
    make = Drawn(np.random.default_rng(0))
    make.input(1)
    make.dense(2**20)
    path.write_bytes(make.content())


def _channels(path: Path) -> None:
    """An input with neurons of sixteen million channels."""
    make = Drawn(np.random.default_rng(0))
    make.driven(2**24, 1, 1)
    make.average(1)
    path.write_bytes(make.content())


def _planes(path: Path) -> None:
    """A thousand large planes whose axons are late: an array of each."""
    make = Drawn(np.random.default_rng(0))
    make.input(1, 4000, 4000)
    for _ in range(1000):
        make.conv(1, (1, 1), (1, 1), (0, 0))
        make.layers[-1]["delay"] = np.array([3.0])
    make.average(1)
    path.write_bytes(make.content())


def texts() -> Cases:
    """Text that a terminal, a path or a table would obey, of fixed and of any length."""
    for value in (b"", b"\xff\xfe", b"a\nb", b"\x1b[2J", b"x" * 10**6, b"../a"):
        for path in ("layer/1/type", "layer/2/neuron/type"):
            put = _with(drawn(2).tree(), path, np.array([value], dtype=f"S{max(1, len(value))}"))
            yield Case("lava-dl text", f"{path} {value[:9]!r}", ".net", put)
            name = f"{path} any length {value[:9]!r}"
            yield Case("lava-dl text", name, ".net", _any(path, value))
    for shape in ((0,), (2,), (1000,), (1, 1)):
        yield Case("lava-dl text", f"{shape} of any length", ".net", _many(shape))


def _any(path: str, value: bytes) -> Callable[[Path], None]:
    def change(file: h5py.File) -> None:
        del file[path]
        file.create_dataset(path, data=np.array(value, object), dtype=h5py.string_dtype("ascii"))

    return _changed(change)


def _many(shape: tuple[int, ...]) -> Callable[[Path], None]:
    def change(file: h5py.File) -> None:
        del file["layer/2/neuron/type"]
        file.create_dataset("layer/2/neuron/type", shape, h5py.string_dtype("ascii"))

    return _changed(change)


def _changed(change: Callable[[h5py.File], None]) -> Callable[[Path], None]:
    def put(path: Path) -> None:
        content = io.BytesIO(drawn(2).content())
        with h5py.File(content, "r+") as file:
            change(file)
        path.write_bytes(content.getvalue())

    return put


def containers() -> Cases:
    """What HDF5 can do beside holding arrays."""
    for change in (other_enum, numbers_of_any_length, chunked_text, attribute, soft_link, compound):
        name = change.__name__.replace("_", " ")
        yield Case("lava-dl container", name, ".net", _changed(change))


def other_enum(file):
    kind = h5py.enum_dtype({"a": 1}, "i1")
    file.create_dataset("layer/2/neuron/gradedSpike2", data=np.ones((), "i1"), dtype=kind)


def numbers_of_any_length(file):
    del file["layer/2/weight"]
    item = file.create_dataset("layer/2/weight", (1,), h5py.vlen_dtype(np.dtype("f4")))
    item[0] = np.ones(3)


def chunked_text(file):
    del file["layer/2/neuron/type"]
    file.create_dataset(
        "layer/2/neuron/type", data=["CUBA"], dtype=h5py.string_dtype(), chunks=(1,)
    )


def attribute(file):
    file["layer/2"].attrs["x"] = 1


def soft_link(file):
    del file["layer/2/weight"]
    file["layer/2/weight"] = h5py.SoftLink("/layer/3/weight")


def compound(file):
    del file["layer/2/weight"]
    file.create_dataset("layer/2/weight", data=np.zeros(3, "i1,f8"))


def truncated_and_flipped(rng, flips: int, every: int) -> Cases:
    """Cuts and flips of a file with texts of any length and truth values."""
    content = drawn(2).content()
    yield from damaged("lava-dl", ".net", content, rng, flips, max(every, len(content) // 200))
