"""Writing `.net` files: deterministic bytes, whole or not at all."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import PurePosixPath

import h5py

from onespike_lava.errors import FormatError, UnsupportedError
from onespike_lava.network import Network
from onespike_lava.netx import lavadl
from onespike_lava.netx.pruned import refuse_many
from onespike_lava.netx.reader import FILE_LIMIT, OBJECT_LIMIT
from onespike_lava.netx.tree import Tree, to_tree
from onespike_lava.system.files import keep_inputs, write_atomic


def to_bytes(network: Network) -> bytes:
    """The network's file as bytes; equal networks give equal bytes.

    Raises `FormatError` where no reader would take it.
    """
    refuse_many(network)
    return _packed(to_tree(network))


def _packed(tree: Tree) -> bytes:
    """A tree as an HDF5 file; `FormatError` for one that no reader would take."""
    groups = {str(parent) for path in tree for parent in PurePosixPath(path).parents} - {"."}
    if len(tree) + len(groups) > OBJECT_LIMIT:
        raise FormatError(
            f"network: {len(tree) + len(groups)} groups and datasets exceed {OBJECT_LIMIT}, the "
            "most that are read; use fewer layers"
        )
    buffer = BytesIO()
    with h5py.File(buffer, "w", libver=("earliest", "v108")) as file:
        for path, array in sorted(tree.items()):
            file.create_dataset(path, data=array, track_times=False)
    content = buffer.getvalue()
    if len(content) > FILE_LIMIT:
        raise FormatError(
            f"network: {len(content)} bytes exceed {FILE_LIMIT}, the largest file that is read; "
            "use a smaller network"
        )
    return content


def save(network: Network, path: str | os.PathLike[str]) -> None:
    """Write the network to `path`, atomically, in the format of FORMAT.md.

    Raises `DataError` where that is not possible, `OptionError` where a file of another kind is
    there, such as data.
    """
    keep_inputs({"path": (path, ".net")}, {})
    write_atomic(path, to_bytes(network))


def save_lava_dl(network: Network, path: str | os.PathLike[str]) -> list[str]:
    """Write a network that steps as a plain file of lava-dl, atomically.

    Stock `lava.lib.dl.netx.hdf5.Network` loads it and gives the same spikes. Returns what the file
    leaves out and its user must know, one line each. Raises `UnsupportedError` where stock LIF
    neurons do not express the network; others as in `save`.
    """
    keep_inputs({"path": (path, ".net")}, {})
    try:
        content = _packed(lavadl.to_tree(network))
    except UnsupportedError as error:
        raise UnsupportedError(f"{path}: {error}") from None
    write_atomic(path, content)
    return lavadl.remarks(network)
