"""Files of graphs: adjacency in, features out."""

from __future__ import annotations

import io
import os
from typing import Any

import numpy as np

from exporters.gcn_source import Floats
from onespike_lava.data import FILE_LIMIT
from onespike_lava.errors import DataError, MissingPartError
from onespike_lava.files import read_bytes, write_atomic


def load(path: str | os.PathLike[str]) -> Any:
    """The matrix of a file that `scipy.sparse.save_npz` wrote; raises `DataError`."""
    try:
        from scipy import sparse  # type: ignore[import-untyped]
    except ImportError:
        raise MissingPartError(
            f"{path}: scipy is not installed; run pip install 'onespike-lava[graph]'"
        ) from None
    content = read_bytes(path, FILE_LIMIT)
    try:
        return sparse.load_npz(io.BytesIO(content))
    except Exception:  # zip files and arrays can be broken in many ways
        raise DataError(f"{path}: not a matrix of scipy.sparse.save_npz; save it so") from None


def save_features(features: Floats, path: str | os.PathLike[str]) -> None:
    """Write `x`, float32[nodes, inputs], as `.npz`."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, x=features.astype(np.float32))
    write_atomic(path, buffer.getvalue())
