"""A network from a flat tree `path -> array`, every key of it known and sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.errors import FormatError
from onespike_lava.layers import (
    PLAIN,
    Connection,
    Firing,
    Growth,
    Input,
    Integration,
    Layer,
    MaxPool,
    Readout,
    Reset,
    Shape,
    Sparse,
    Spiking,
    Sum,
    Synapse,
    Threshold,
    Timed,
    TimedReadout,
    Window,
)
from onespike_lava.layers.timed import ONE
from onespike_lava.network import Network
from onespike_lava.netx import joined, pruned, schema
from onespike_lava.netx.pruned import AGAIN
from onespike_lava.netx.tree import Tree, version_of

KINDS = {1: "sparse", 2: "dense", 4: "conv"}
"""Kinds of synapses by the dimensions of their weights."""


def from_tree(tree: Mapping[str, NDArray[Any]]) -> Network:
    """The network that a tree holds; `FormatError` for a key missing, extra or of wrong type.

    Raises `InvalidNetworkError` where the keys are sound but the network is not.
    """
    left = _Reader(dict(tree))
    head = left.take("onespike", "file", first="version")
    proven = left.option("onespike", "proven", 1)
    if proven not in (0, 1):
        raise FormatError(f"onespike/proven: {proven} is not 0; {AGAIN}")
    provenance = tuple(left.provenance())
    layers = tuple(left.layer(f"layer/{index}", head["weighting"]) for index in left.numbers())
    left.finish()
    values = (head["phases"], head["wait"], head["weighting"], provenance, bool(proven))
    network = Network(layers, *values)
    if head["version"] != version_of(network):
        raise FormatError(
            f"onespike/version: {head['version']} is not {version_of(network)}, the version that "
            f"says this network; {AGAIN}"
        )
    return network


class _Reader:
    """Takes keys out of a tree, so that what is left at the end is unknown."""

    def __init__(self, tree: Tree) -> None:
        self.tree, self.room = tree, pruned.MOST
        self.shapes: list[Shape] = []  # of the layers so far
        self.groups = {path[:end] for path in tree for end, each in enumerate(path) if each == "/"}

    def take(self, path: str, section: str, first: str | None = None) -> dict[str, Any]:
        """The values of a section: arrays, Python numbers for scalars, strings for text."""
        if section not in schema.SECTIONS:
            raise FormatError(f"{path}: unknown kind {section!r}; see FORMAT.md")
        found = {}
        for key in schema.SECTIONS[section]:
            found[key.name.removeprefix("neuron/")] = self._value(f"{path}/{key.name}", key)
            if key.name == first and found[first] not in schema.VERSIONS:
                raise FormatError(
                    f"{path}/{key.name}: {found[first]} is not 1 or 2, the versions that this "
                    "library reads; use the library that wrote the file"
                )
        return found

    def option(self, path: str, section: str, absent: Any = None) -> Any:
        """The value of a section of one key, where it is there; never what its absence says."""
        (key,) = schema.SECTIONS[section]
        name = f"{path}/{key.name}"
        if name not in self.tree:
            return absent
        value = self._value(name, key)
        if absent is not None and value == absent:
            raise FormatError(f"{name}: {value} is not written; leave the key out")
        return value

    def _value(self, path: str, key: schema.Key) -> Any:
        array = self.tree.pop(path, None)
        if array is None:
            raise FormatError(f"{path}: missing; {AGAIN}")
        if key.dtype == "text":
            return self._decoded(path, array)
        if array.dtype != np.dtype(key.dtype) or array.ndim not in key.ranks:
            raise FormatError(
                f"{path}: {array.dtype}{list(array.shape)} is not {key.dtype} {key.shape}; {AGAIN}"
            )
        return array.item() if array.ndim == 0 else array

    def _decoded(self, path: str, array: NDArray[Any]) -> str:
        if array.dtype.kind != "S" or array.shape != (1,):
            raise FormatError(
                f"{path}: {array.dtype}{list(array.shape)} is not one byte string; {AGAIN}"
            )
        try:
            text: str = array[0].decode()
        except UnicodeDecodeError:
            raise FormatError(f"{path}: text is not UTF-8; {AGAIN}") from None
        return text

    def provenance(self) -> Iterator[tuple[str, str]]:
        """Pairs of text in the order of their keys."""
        prefix = "onespike/provenance/"
        for path in sorted(name for name in self.tree if name.startswith(prefix)):
            if not schema.PROVENANCE_KEY.fullmatch(path.removeprefix(prefix)):
                raise FormatError(
                    f"{path}: a provenance key is lower-case letters, digits and _; {AGAIN}"
                )
            yield path.removeprefix(prefix), self._decoded(path, self.tree.pop(path))

    def numbers(self) -> range:
        """Numbers of the layers, from 0 without a gap."""
        return range(self._count("layer/"))

    def _count(self, prefix: str, start: int = 0) -> int:
        end = start
        while f"{prefix}{end}" in self.groups:
            end += 1
        return end

    def layer(self, path: str, weighting: str) -> Layer:
        """One layer, whatever its kind."""
        head = self.take(path, "layer")
        name, shape = head["name"], _ints(head["shape"])
        self.shapes.append(shape)
        if head["type"] not in self.kinds:
            *others, last = self.kinds
            raise FormatError(
                f"{path}/type: {head['type']!r} is not {', '.join(others)} or {last}; {AGAIN}"
            )
        return self.kinds[head["type"]](self, path, head["type"], name, shape, weighting)

    def _input(self, path: str, kind: str, name: str, shape: Shape, weighting: str) -> Input:
        fields = self.take(path, "input")
        self._neuron(path, fields.pop("type"), schema.INPUT)
        if f"{path}/neuron/sample" in self.tree:
            fields |= {key: _ints(value) for key, value in self.take(path, "view").items()}
        return Input(name, shape, **fields, coding=self.option(path, "coding", "binary"))

    def _pool(self, path: str, kind: str, name: str, shape: Shape, weighting: str) -> MaxPool:
        fields = self.take(path, "pool")
        return MaxPool(name, shape, fields["source"], _ints(fields["kernel"]), _window(fields))

    def _sum(self, path: str, kind: str, name: str, shape: Shape, weighting: str) -> Sum:
        return Sum(name, shape, _ints(self.take(path, "sum")["sources"]))

    def _neurons(self, path: str, kind: str, name: str, shape: Shape, weighting: str) -> Layer:
        many = kind != "sparse" and f"{path}/sources" in self.tree
        synapses = self._joined(path, kind) if many else [self._synapse(path, kind)]
        for number in range(1, self._count(f"{path}/synapse/", 1)):
            at = f"{path}/synapse/{number}"
            synapses.append(self._synapse(at, self._kind(at)))
        found = self.tree.get(f"{path}/neuron/type", np.zeros(1)).tolist()
        if found in ([schema.TIMED.encode()], [schema.TIMED_READOUT.encode()]):
            fires = found == [schema.TIMED.encode()]
            fields = self.take(path, "timed" if fires else "timed readout")
            fields.pop("type")
            parts = self._parts(path, weighting, fires)
            return (Timed if fires else TimedReadout)(
                name, shape, tuple(synapses), **fields, **parts
            )
        spiking = f"{path}/neuron/threshold_base" in self.tree
        fields = self.take(path, "spiking" if spiking else "readout")
        self._neuron(path, fields.pop("type"), schema.SPIKING if spiking else schema.READOUT)
        if spiking and f"{path}/neuron/max_spikes" in self.tree:
            fields |= self.take(path, "several")
            if fields["max_spikes"] == 1:
                raise FormatError(f"{path}/neuron/max_spikes: 1 is not written; leave the key out")
        if weighting == "membrane":
            fields["growth"] = _growth(self.take(path, "growth") | self.take(path, "shift"))
        if not spiking and f"{path}/neuron/blocks" in self.tree:
            fields["blocks"] = _ints(self.take(path, "blocks")["blocks"])
            if fields["blocks"] == (1, 1):
                raise FormatError(f"{path}/neuron/blocks: 1 is not written; leave the key out")
        build = Spiking if spiking else Readout
        return build(name, shape, tuple(synapses), **fields)

    def _parts(self, path: str, weighting: str, fires: bool) -> dict[str, Any]:
        """The four parts of timed neurons; of those that never fire the defaults."""
        fields = self.take(path, "integration") | self.take(path, "shift")
        fields["keep_u"], fields["keep_v"] = (
            ONE - fields.pop(each) for each in ("iDecay", "vDecay")
        )
        if weighting == "membrane":
            bits = {"fraction_bits": fields["fraction_bits"]}
            fields["growth"] = _growth(self.take(path, "growth") | bits)
        parts = {"integration": Integration(**fields, drive=self.option(path, "drive"))}
        floor = self.option(path, "floor")
        if not fires and f"{path}/neuron/threshold_base" not in self.tree:
            return {**parts, "threshold": None, "reset": Reset(), "firing": Firing(floor=floor)}
        fields = self.take(path, "firing")
        amount = (self.option(path, each) for each in ("reset_base", "reset_table"))
        return {
            **parts,
            "threshold": Threshold(fields.pop("threshold_base"), fields.pop("threshold_table")),
            "reset": Reset(fields.pop("reset"), *amount),
            "firing": Firing(**fields, floor=floor),
        }

    def _neuron(self, path: str, found: str, wanted: str) -> None:
        if found != wanted:
            raise FormatError(
                f"{path}/neuron/type: {found!r} is not {wanted!r}; stock netx files are read by "
                "lava.lib.dl.netx"
            )

    def _kind(self, path: str) -> str:
        """Kind of a further synapse, by its weight; of a pruned one by what its weight was."""
        shape = self.tree.get(f"{path}/weight_shape")
        rank = getattr(self.tree.get(f"{path}/weight"), "ndim", 0) if shape is None else shape.size
        return KINDS.get(rank, "dense")

    def _whole(self, path: str) -> NDArray[np.bool_] | None:
        """Which weights live; puts back those that were pruned. None where none were."""
        keys = [f"{path}/{key.name}" for key in schema.SECTIONS["pruned"][1:]]
        if not self.tree.keys() & set(keys):
            return None
        weight, live = pruned.whole(path, self.take(path, "pruned"), self.room)
        self.tree[f"{path}/weight"] = weight
        self.room -= weight.size
        return live

    def _synapse(self, path: str, kind: str) -> Connection:
        live = self._whole(path) if kind != "sparse" else None
        fields = self.take(path, kind)
        delay = self.option(path, "delay")
        if kind == "sparse":
            return Sparse(**fields, delay=delay)
        if kind == "dense":
            return Synapse(fields["source"], fields["weight"], delay=delay, live=live)
        read = (fields["source"], fields["weight"], _window(fields), fields["groups"])
        return Synapse(*read, delay, live)

    def _joined(self, path: str, kind: str) -> list[Connection]:
        """Connections that are written as one: each reads its part of the weight's inputs."""
        fields = self.take(path, f"joined {kind}")
        window = PLAIN if kind == "dense" else _window(fields)
        return joined.apart(path, kind, fields, self.shapes, window)

    kinds: Mapping[str, Callable[[_Reader, str, str, str, Shape, str], Layer]] = {
        "input": _input,
        "conv": _neurons,
        "dense": _neurons,
        "sparse": _neurons,
        "pool": _pool,
        "sum": _sum,
    }
    """Type of a layer in the file -> what reads it."""

    def finish(self) -> None:
        """Refuse what no section named."""
        if self.tree:
            names = ", ".join(sorted(self.tree)[:5])
            raise FormatError(f"{names}: not in the format ({len(self.tree)} keys); see FORMAT.md")


def _growth(fields: dict[str, Any]) -> Growth:
    return Growth(
        mantissa=fields.pop("growth_mantissa"),
        exponent=fields.pop("growth_exponent"),
        fraction_bits=fields.pop("fraction_bits"),
        steps=fields.pop("growth_steps"),
    )


def _window(fields: Mapping[str, Any]) -> Window:
    return Window(_ints(fields["stride"]), _ints(fields["padding"]), _ints(fields["dilation"]))


def _ints(values: NDArray[np.int32]) -> Any:
    return tuple(int(value) for value in values)
