"""Reading `.net` files, strictly: what FORMAT.md does not name is refused."""

from __future__ import annotations

import os
from io import BytesIO
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from onespike_lava.errors import FormatError, InvalidNetworkError
from onespike_lava.files import read_bytes
from onespike_lava.network import Network
from onespike_lava.netx.tree import Tree, from_tree

FILE_LIMIT = 2**30
"""Largest file that is read, in bytes."""

DEPTH_LIMIT = 5
"""Deepest path of the format: layer / number / synapse / number / key."""


def load(path: str | os.PathLike[str]) -> Network:
    """The network in the file at `path`.

    Raises `FormatError` for a file that breaks FORMAT.md, `InvalidNetworkError` for a network
    that breaks a rule of the neuron, `DataError` where there is no readable file.
    """
    content = read_bytes(path, FILE_LIMIT)
    try:
        return from_bytes(content)
    except InvalidNetworkError as error:
        raise InvalidNetworkError(f"{path}: {text}" for text in error.violations) from None
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from None


def from_bytes(content: bytes) -> Network:
    """The network in the bytes of a file; errors as in `load`, without a path."""
    tree: Tree = {}
    try:
        with h5py.File(BytesIO(content), "r") as file:
            if "layer" in file and "onespike" not in file:
                raise FormatError(
                    "a netx file without group onespike, as lava-dl writes them; load it with "
                    "lava.lib.dl.netx.hdf5.Network"
                )
            _collect(file, "", 0, tree)
    except FormatError:
        raise
    except Exception as error:  # h5py raises OSError, RuntimeError, KeyError, ValueError, ...
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FormatError(f"not a sound HDF5 file ({reason}); export it again") from None
    return from_tree(tree)


def _collect(group: h5py.Group, prefix: str, depth: int, tree: Tree) -> None:
    if len(group.attrs):
        raise FormatError(f"{prefix or '/'}: attributes are not in the format; see FORMAT.md")
    if depth > DEPTH_LIMIT:
        raise FormatError(f"{prefix}: nested deeper than the format allows; see FORMAT.md")
    for name in group:
        path = f"{prefix}{name}"
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise FormatError(f"{path}: a link is not in the format; store the data itself")
        item = group[name]
        if isinstance(item, h5py.Group):
            _collect(item, f"{path}/", depth + 1, tree)
        elif isinstance(item, h5py.Dataset):
            tree[path] = _array(item, path)
        else:
            raise FormatError(f"{path}: neither a group nor a dataset; see FORMAT.md")


def _array(item: h5py.Dataset, path: str) -> NDArray[Any]:
    plain = item.chunks is None and item.external is None and not item.is_virtual
    if not plain or len(item.attrs):
        raise FormatError(f"{path}: must be stored plain (no chunks, filters or other files)")
    if item.dtype.kind not in "ifS" or item.shape is None:
        raise FormatError(f"{path}: type {item.dtype} is not in the format; see FORMAT.md")
    if item.id.get_storage_size() != item.nbytes:
        raise FormatError(f"{path}: declares {item.nbytes} bytes and stores another number")
    return np.asarray(item[()])
