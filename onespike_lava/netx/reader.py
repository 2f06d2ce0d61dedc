"""Reading `.net` files, strictly: what FORMAT.md does not name is refused."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from io import BytesIO
from math import prod
from typing import Any

import h5py
import numpy as np
from h5py import h5a, h5d, h5g, h5l, h5o, h5s, h5t
from numpy.typing import NDArray

from onespike_lava.errors import FormatError, InvalidNetworkError, OptionError
from onespike_lava.network import Network
from onespike_lava.netx import lavadl
from onespike_lava.netx.heap import text_at
from onespike_lava.netx.parse import from_tree
from onespike_lava.netx.tree import Tree
from onespike_lava.system.files import check_file, read_bytes
from onespike_lava.system.kinds import mistaken

FILE_LIMIT = 2**28
"""Largest file that is read or written, in bytes: VGG-19 for ImageNet has 144 million weights, and
13 million bytes of initial potentials, one for each neuron of its first layer."""

OBJECT_LIMIT = 2**14
"""Most groups and datasets of a file: some thousand synapses."""

DEPTH_LIMIT = 5
"""Deepest path of the format: layer / number / synapse / number / key."""


CLASSES = (h5t.INTEGER, h5t.FLOAT, h5t.STRING)
"""HDF5's classes of types in the format."""

ONE = ((), (1,))
"""Shapes of one text."""


def load(path: str | os.PathLike[str], steps: int | None = None) -> Network:
    """The network in the file at `path`, of this format or a plain one of lava-dl (`lavadl`).

    steps : of a sample, for a plain file of lava-dl; None takes the file's

    Raises `FormatError` for a file that breaks FORMAT.md, `InvalidNetworkError` for a network
    that breaks a rule of the neuron, `DataError` where there is no readable file.
    """
    try:
        return _network(*_tree(_content(path)), steps)  # the bytes are not kept
    except InvalidNetworkError as error:
        raise InvalidNetworkError(f"{path}: {text}" for text in error.violations) from None
    except FormatError as error:
        raise FormatError(f"{path}: {mistaken(path, 'net') or error}") from None


def _content(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a file; one that is too large may be a source network, and is called so."""
    size, other = check_file(path), mistaken(path, "net")
    if size > FILE_LIMIT and other:
        raise FormatError(other)
    return read_bytes(path, FILE_LIMIT)


def from_bytes(content: bytes, steps: int | None = None) -> Network:
    """The network in the bytes of a file; errors as in `load`, without a path."""
    return _network(*_tree(content), steps)


def _network(tree: Tree, plain: bool, steps: int | None) -> Network:
    if plain:
        return lavadl.from_tree(tree, steps)
    if steps is not None:
        raise OptionError("steps: the file itself says how many; leave them out")
    return from_tree(tree)


def _tree(content: bytes) -> tuple[Tree, bool]:
    """Every dataset of a file, and whether it is a plain one of lava-dl."""
    tree: Tree = {}
    size = 0
    try:
        with h5py.File(BytesIO(content), "r") as file:
            plain = "layer" in file and "onespike" not in file
            text = partial(_text, content, file.id.get_create_plist())
            for count, (path, item) in enumerate(_objects(file["/"].id, "", 0, plain)):
                size += 0 if item is None else _size(item)
                if count >= OBJECT_LIMIT or size > len(content):
                    raise FormatError(
                        f"{path}: beyond {OBJECT_LIMIT} objects, or the {len(content)} bytes of "
                        "the file; store each array once"
                    )
                if item is not None:
                    tree[path] = _array(item) if item.dtype.kind != "O" else text(item, path)
    except FormatError:
        raise
    except Exception as error:  # h5py raises OSError, RuntimeError, KeyError, ValueError, ...
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FormatError(f"not a sound HDF5 file ({reason}); export it again") from None
    return tree, plain


def _objects(group: Any, prefix: str, depth: int, plain: bool) -> Iterator[tuple[str, Any]]:
    """Path and dataset of everything below a group, None for a group; HDF5's own handles."""
    if h5a.get_num_attrs(group):
        raise FormatError(f"{prefix or '/'}: attributes are not in the format; see FORMAT.md")
    if depth > DEPTH_LIMIT:
        raise FormatError(f"{prefix}: nested deeper than the format allows; see FORMAT.md")
    if len(group) > OBJECT_LIMIT:
        raise FormatError(f"{prefix}: {len(group)} objects exceed {OBJECT_LIMIT}; see FORMAT.md")
    for name in group:
        path = prefix + name.decode(errors="surrogateescape")
        if group.links.get_info(name).type != h5l.TYPE_HARD:
            raise FormatError(f"{path}: a link is not in the format; store the data itself")
        item = h5o.open(group, name)
        if isinstance(item, h5g.GroupID):
            yield path, None
            yield from _objects(item, f"{path}/", depth + 1, plain)
        elif isinstance(item, h5d.DatasetID):
            _check_stored(item, path, plain)
            yield path, item
        else:
            raise FormatError(f"{path}: neither a group nor a dataset; see FORMAT.md")


def _check_stored(item: Any, path: str, plain: bool) -> None:
    """Refuse what could be larger than it looks, or of a type that the format has not.

    plain : one of lava-dl, which may have truth values, and texts of any length, one at a time
    """
    plan = item.get_create_plist()
    inside = plan.get_layout() in (h5d.CONTIGUOUS, h5d.COMPACT) and not plan.get_external_count()
    if not inside or h5a.get_num_attrs(item):
        raise FormatError(
            f"{path}: must be stored plain (no chunks, filters or other files); export it again"
        )
    kind = item.get_type().get_class(), item.dtype.kind
    if plain and (kind == (h5t.ENUM, "b") or (kind == (h5t.STRING, "O") and item.shape in ONE)):
        return
    if kind[0] not in CLASSES or kind[1] not in "ifS":
        raise FormatError(f"{path}: type {item.dtype} is not in the format; see FORMAT.md")
    if item.get_storage_size() != _size(item):
        raise FormatError(
            f"{path}: declares {_size(item)} bytes and stores another number; export it again"
        )


def _size(item: Any) -> int:
    return prod(item.shape) * int(item.dtype.itemsize)


def _array(item: Any) -> NDArray[Any]:
    """The dataset's values, read-only and in its own type."""
    array = np.empty(item.shape, item.dtype)
    if array.size:
        item.read(h5s.ALL, h5s.ALL, array)
    array.flags.writeable = False
    return array


def _text(content: bytes, plan: Any, item: Any, path: str) -> NDArray[np.bytes_]:
    """A dataset of one text of any length."""
    offset = item.get_offset()
    if offset is None or plan.get_userblock() or plan.get_sizes() != (8, 8):
        raise FormatError(f"{path}: a text stored otherwise than h5py does; export it again")
    return np.array([text_at(content, offset, path)])
