"""Writing `.net` files: deterministic bytes, whole or not at all."""

from __future__ import annotations

import os
from io import BytesIO

import h5py

from onespike_lava.files import write_atomic
from onespike_lava.network import Network
from onespike_lava.netx.tree import to_tree


def to_bytes(network: Network) -> bytes:
    """The network's file as bytes; equal networks give equal bytes."""
    buffer = BytesIO()
    with h5py.File(buffer, "w", libver=("earliest", "v108")) as file:
        for path, array in sorted(to_tree(network).items()):
            file.create_dataset(path, data=array, track_times=False)
    return buffer.getvalue()


def save(network: Network, path: str | os.PathLike[str]) -> None:
    """Write the network to `path`, atomically; `DataError` where that is not possible."""
    write_atomic(path, to_bytes(network))
