"""Hostile `.net` files: keys, containers, sizes."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np

from onespike_lava import netx
from onespike_lava.layers import Firing, Input, Readout, Reset, Synapse, Window
from onespike_lava.network import Network
from onespike_lava.netx.tree import Tree, to_tree
from tests.graphs import random_graph_network
from tests.hostile.case import Case, Cases, damaged
from tests.networks import Maker, TimedMaker, random_network, random_timed_network, timed

KINDS = ["int8", "uint8", "int16", "int32", "int64", "uint64", "float16", "float32", "float64"]
KINDS += ["complex64", "bool", ">i4", ">f8", "S1", "S300"]


OPTIONAL = (
    "max_spikes",
    "coding",
    "proven",
    "delay",
    "drive",
    "floor",
    "reset_base",
    "reset_table",
)
"""Keys that need not be there."""


def small() -> Network:
    """The smallest network: an input and a readout."""
    entry = Input("in", (2,), 2, np.zeros(1), np.ones(1))
    synapse = Synapse(0, np.array([[1, -1]], np.int8))
    return Network((entry, Readout("out", (1,), (synapse,), np.zeros(1, np.int32), 1.0)), 2, 2)


def networks() -> dict[str, Network]:
    """Networks that together hold every key of the format."""
    found = {"graph": random_graph_network(3)}
    for name, weighting in (("graded", "graded"), ("membrane", "membrane"), ("several", "graded")):
        make = Maker(np.random.default_rng(1), 4, 1.3, weighting, several=name == "several")
        first = make.conv(make.input((2, 3, 3)), 4, window=Window((1, 1), (1, 1, 1, 1)))
        last = make.residual(first, first)
        make.readout(last if name == "several" else make.pool(last))
        found[name] = make.network()
    found["timed growth"] = timed(found["membrane"])
    found["timed"] = every_timed_key()
    return found


def every_timed_key() -> Network:
    """A network that steps, of all layers and keys of version 2 but those of growth."""
    make = TimedMaker(np.random.default_rng(1), 4)
    first = make.input((2, 4, 4), "latency")
    make.conv(first, 4, window=Window((1, 1), (1, 1, 1, 1)))
    full = make.layers[1]
    last = make.sum(1, 1)
    last = make.dense(make.sparse(make.pool(last)), 3, recurrent=True)
    make.readout(last)
    one, values = np.array([2], np.int32), np.full(4, 2, np.int32)
    reset = Reset("subtract", values, one)
    parts = replace(full.integration, drive=values, fraction_bits=0)
    firing = Firing(one, 2, 3, -values)
    synapse = replace(full.synapses[0], delay=one)
    changed = {"synapses": (synapse,), "integration": parts, "reset": reset, "firing": firing}
    make.layers[1] = replace(full, **changed)
    return replace(make.network(), proven=False)


def written(tree: Tree) -> bytes:
    """A file of any keys."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", libver=("earliest", "v108")) as file:
        for path, array in tree.items():
            file.create_dataset(path, data=array, track_times=False)
    return buffer.getvalue()


def keys() -> Cases:
    """Every key missing, extra, of another type, shape, sign, range."""
    seen = set()
    for name, network in networks().items():
        tree = to_tree(network)
        for path, array in tree.items():
            parts = path.split("/")
            kind = bytes(tree[f"layer/{parts[1]}/type"][0]) if parts[0] == "layer" else b""
            key = (kind, len(parts) > 4, parts[-1], array.shape == (), parts[1] == "0")
            if key not in seen:
                seen.add(key)
                for what, sound, changed in _changes(tree, path, array):
                    yield Case(f"key {what[0]}", f"{name} {path} {what}", ".net", changed, sound)


def _changes(
    tree: Tree, path: str, array: np.ndarray
) -> Iterator[tuple[tuple[str, ...], bool, Callable[[Path], None]]]:
    text = array.dtype.kind == "S"
    free = "provenance" in path or path.endswith(OPTIONAL)
    yield ("missing",), free, _with(tree, path, None)
    yield ("extra",), free, _with(tree, f"{path}_more", array)
    yield ("extra", "group"), False, _with(tree, f"{path}_more/inner", array)
    for kind in KINDS:
        if np.dtype(kind) != array.dtype:
            sound = text and kind.startswith("S")
            yield ("type", kind), sound, _with(tree, path, np.ones(array.shape, kind))
    for shape in ((), (0,), (1,), (*array.shape, 1), (1, *array.shape), (3, 0, 5), (2,) * 6):
        if shape != array.shape:
            yield ("shape", str(shape)), True, _with(tree, path, np.resize(array, shape))
    if array.ndim and not text:
        longer = (array.shape[0] + 1, *array.shape[1:])
        yield (
            ("shape", "one more"),
            path.endswith(("low", "sources")),
            _with(tree, path, np.resize(array, longer)),
        )
    for value in _values(array):
        what = "NaN or infinite" if value != value or abs(value) == np.inf else "sign or range"
        changed = array.copy()
        changed[(0,) * array.ndim] = value
        yield (what, str(value)), what != "NaN or infinite", _with(tree, path, changed)


def _values(array: np.ndarray) -> list[float]:
    if array.dtype.kind == "f":
        return [np.nan, np.inf, -np.inf, 0.0, -1.0, 1e-300, 1e300, -1e300, 5e-324]
    if array.dtype.kind == "i":
        info = np.iinfo(array.dtype)
        first = int(array.reshape(-1)[0])
        return [info.min, info.max, 0, -1, 1, -first, info.max - 1, 2**6 + 1]
    return []


def _with(tree: Tree, path: str, array: np.ndarray | None) -> Callable[[Path], None]:
    def put(target: Path) -> None:
        changed = {key: value for key, value in tree.items() if key != path}
        target.write_bytes(written(changed if array is None else {**changed, path: array}))

    return put


def texts() -> Cases:
    """Text that a terminal, a path or a table would obey."""
    for value in (b"", b"\xff\xfe", b"a\nb", b"\x1b[2J", "\u202e".encode(), b"x" * 10**6, b"../a"):
        for path in ("layer/1/name", "layer/1/type", "onespike/weighting", "layer/0/neuron/type"):
            tree = to_tree(small())
            put = _with(tree, path, np.array([value], dtype=f"S{max(1, len(value))}"))
            yield Case("key text", f"{path} {value[:9]!r}", ".net", put, sound=True)


def shapes() -> Cases:
    """Sizes that no memory holds, declared in a few bytes."""
    top = 2**31 - 1
    sizes = [(top, 1, 1), (1, top, top), (2, top, top), (2**22, 2**21, 2**21), (1, 2**16, 2**16)]
    for name in ("graded", "graph"):
        tree = to_tree(networks()[name])
        for index in range(len({path.split("/")[1] for path in tree if path[:5] == "layer"})):
            for size in (*sizes, (top,), (0,), (-1, 1, 1)):
                put = _with(tree, f"layer/{index}/shape", np.array(size, np.int32))
                yield Case("absurd shape", f"{name} layer {index} {size}", ".net", put)
    for rows in (top, 2**20):
        yield Case("absurd shape", f"planes of {rows}", ".net", _planes(rows), sound=True)
    for rows in (2000, 12_000, 2**16, 2**20, 2**30):
        put = _silence(rows)
        yield Case("absurd shape", f"padding of {rows}", ".net", put, sound=rows < 2**11)
    for rows in (1000, 2**15, 2**30):
        put = _wide_pool(rows)
        yield Case("absurd shape", f"pool of {rows}", ".net", put, sound=rows < 2**11)
    for pools, rows in ((1000, 2), (1300, 2), (30, 4000)):
        put = _pools(pools, rows)
        sound = (pools, rows) == (1000, 2)
        yield Case("absurd shape", f"{pools} pools of {rows}", ".net", put, sound)


def unread() -> Cases:
    """A layer that spikes for nothing."""
    tree = to_tree(networks()["several"])
    tree["layer/3/source"] = np.array(1, np.int32)
    yield Case("key sign or range", "a layer that nothing reads", ".net", written(tree))


def _silence(rows: int) -> Callable[[Path], None]:
    """One neuron amid silence, which a kernel strides over."""

    def put(path: Path) -> None:
        tree = to_tree(_planar(1, []))
        tree["layer/2/padding"] = np.full(4, rows, np.int32)
        tree["layer/2/stride"] = np.full(2, rows, np.int32)
        tree["layer/2/shape"] = np.full(3, [1, 3, 3], np.int32)
        path.write_bytes(written(tree))

    return put


def _wide_pool(rows: int) -> Callable[[Path], None]:
    """A pool that reads one neuron and much silence."""

    def put(path: Path) -> None:
        tree = to_tree(_planar(1, [Window()]))
        tree["layer/2/kernel"] = tree["layer/2/stride"] = np.full(2, rows, np.int32)
        tree["layer/2/padding"] = np.full(4, rows - 1, np.int32)
        path.write_bytes(written(tree))

    return put


def _pools(pools: int, rows: int) -> Callable[[Path], None]:
    """Pools in a row, of planes of a size."""

    def put(path: Path) -> None:
        tree = to_tree(_planar(1, [Window()]))
        last = {key[8:]: tree.pop(key) for key in list(tree) if key.startswith("layer/3/")}
        pool = {key[8:]: array for key, array in tree.items() if key.startswith("layer/2/")}
        for index in range(2, pools + 2):
            name = {"name": np.array([str(index).encode()]), "source": np.array(index - 1, "i4")}
            tree |= {f"layer/{index}/{key}": array for key, array in (pool | name).items()}
        last["source"] = np.array(pools + 1, np.int32)
        tree |= {f"layer/{pools + 2}/{key}": array for key, array in last.items()}
        tree["layer/1/bias"] = np.zeros(1, np.int32)
        for index in range(pools + 3):
            tree[f"layer/{index}/shape"] = np.array([1, rows, rows], np.int32)
        path.write_bytes(written(tree))

    return put


def _planar(rows: int, pools: list[Window]) -> Network:
    """A plane that goes through kernels and pools of one place."""
    make = Maker(np.random.default_rng(0), 2, 1.3, "graded")
    at = make.conv(make.input((1, rows, rows)), 1, (1, 1))
    for window in pools:
        at = make.pool(at, (1, 1), window)
    synapse = Synapse(at, np.ones((1, 1, 1, 1), np.int8))
    shape = (1, rows, rows)
    make.layers.append(Readout("out", shape, (synapse,), np.zeros(1, np.int32), 1.0))
    return make.network()


def _planes(rows: int) -> Callable[[Path], None]:
    """A network that is sound but for the size of its planes."""

    def put(path: Path) -> None:
        tree = to_tree(random_network(1, phases=4))
        for index in range(2, 30):
            for key in [each for each in tree if each.startswith(f"layer/{index}/")]:
                del tree[key]
        for key in [each for each in tree if each.startswith("layer/1/neuron/")]:
            del tree[key]
        tree["layer/0/shape"] = np.array([2, rows, rows], np.int32)
        tree["layer/1/shape"] = np.array([4, rows, rows], np.int32)
        tree["layer/1/bias"] = np.zeros(4, np.int32)
        tree["layer/1/neuron/type"] = np.array([b"ONESPIKE_READOUT"])
        tree["layer/1/neuron/scale"] = np.array(1.0)
        path.write_bytes(written(tree))

    return put


def truncated_and_flipped(rng, flips: int, every: int) -> Cases:
    """Of the smallest file every cut; flips of a larger one too."""
    yield from damaged(".net", ".net", netx.to_bytes(small()), rng, flips, every)
    content = netx.to_bytes(random_network(1, phases=4))
    yield from damaged(".net", ".net", content, rng, flips, len(content))
    content = netx.to_bytes(random_timed_network(1, phases=4))
    yield from damaged(".net", ".net", content, rng, flips, len(content))


def none() -> Cases:
    """What is no readable `.net` file."""

    def other(path: Path) -> None:
        with h5py.File(path, "w") as file:
            file["measurements/run1"] = np.arange(10.0)

    def stock(path: Path) -> None:
        with h5py.File(path, "w") as file:
            file["layer/0/type"] = np.array([b"dense"])
            file["layer/0/weight"] = np.zeros((3, 4))
            file["layer/0/neuron/type"] = np.array([b"CUBA"])

    def newer(path: Path) -> None:
        tree = to_tree(small())
        tree["onespike/version"] = np.array(3, np.int32)
        path.write_bytes(written({**tree, "onespike/energy": np.zeros(3)}))

    def unreadable(path: Path) -> None:
        path.write_bytes(netx.to_bytes(small()))
        path.chmod(0)

    def sparse(path: Path) -> None:
        with path.open("wb") as file:
            file.truncate(2**40)

    def padded(path: Path) -> None:
        path.write_bytes(netx.to_bytes(small()))
        with path.open("r+b") as file:
            file.truncate(2**40)

    for name, put in {
        "another HDF5 file": other,
        "stock netx": stock,
        "newer version": newer,
        "folder": lambda path: path.mkdir(),
        "no permission": unreadable,
        "link to nothing": lambda path: path.symlink_to(path.with_name("gone")),
        "link to itself": lambda path: path.symlink_to(path),
        "device": lambda path: path.symlink_to("/dev/zero"),
        "pipe": lambda path: os.mkfifo(path),
        "empty": b"",
        "pickle": b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94.",
        "terabyte of nothing": sparse,
        "terabyte behind": padded,
    }.items():
        yield Case("no .net file", name, ".net", put)
