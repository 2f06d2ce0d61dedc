"""Files of graphs: adjacency in, features out."""

from __future__ import annotations

import io
import os
from typing import Any

import numpy as np

from exporters.gcn.source import Floats
from onespike_lava.data.npy import archive, member
from onespike_lava.data.samples import FILE_LIMIT
from onespike_lava.errors import DataError
from onespike_lava.system.files import check_file, write_atomic
from onespike_lava.system.parts import need

NODES_LIMIT = 2**24
"""Most nodes of a graph: a matrix without entries takes memory for each."""


def load(path: str | os.PathLike[str]) -> Any:
    """The matrix of a file that `scipy.sparse.save_npz` wrote; raises `DataError`."""
    sparse = need("scipy.sparse", str(path), extra="graph").sparse
    check_file(path)
    try:
        with archive(path) as held:
            for name in held.namelist():
                if member(held, path, name.removesuffix(".npy")).file_size > FILE_LIMIT:
                    raise DataError(f"{path}: {name} exceeds {FILE_LIMIT} bytes; use fewer nodes")
        matrix = sparse.load_npz(path)
        if max(matrix.shape) > NODES_LIMIT:
            raise DataError(
                f"{path}: {max(matrix.shape)} nodes exceed the limit of {NODES_LIMIT}; use fewer"
            )
        if matrix.dtype.kind not in "fiub":
            raise DataError(f"{path}: {matrix.dtype} values are not real numbers; save those")
        if hasattr(matrix, "check_format"):  # SciPy's products believe the indices
            matrix.check_format(full_check=True)
        return matrix.tocsr()
    except DataError:
        raise
    except Exception:  # zip files and arrays can be broken in many ways
        raise DataError(f"{path}: not a matrix of scipy.sparse.save_npz; save it so") from None


def save_features(features: Floats, path: str | os.PathLike[str]) -> None:
    """Write `x`, float32[nodes, inputs], as `.npz`."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, x=features.astype(np.float32))
    write_atomic(path, buffer.getvalue())
