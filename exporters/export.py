"""The one door of the compiler: model and calibration data in, network and file out."""

from __future__ import annotations

import os
from typing import Any

from numpy.typing import ArrayLike

from exporters.conversion import convert
from onespike_lava.network import Network
from onespike_lava.netx import save
from onespike_lava.progress import Progress, silent


def export(
    model: Any,
    calibration: ArrayLike,
    path: str | os.PathLike[str] | None = None,
    *,
    output: str | None = None,
    progress: Progress = silent,
    **options: Any,
) -> Network:
    """Convert a trained ReLU network to a one-spike network and write its `.net` file.

    model       : torch Module (not changed), path of an ONNX file, or `exporters.graph.Graph`
    calibration : float[N, C, H, W] or float[N, F], samples as the model takes them
    path        : of the file to write, None for none
    output      : which of several outputs of the model: its name, or the key or number that a
                  module returns it under
    progress    : told how far calibration, correction and quantisation are
    options     : see `exporters.recipe.Recipe`

    Raises `UnsupportedError` for what has no one-spike counterpart, `DataError`,
    `OptionError`, and `MissingPartError` where the model's library is absent.
    """
    network = convert(model, calibration, output=output, progress=progress, **options).network
    if path is not None:
        save(network, path)
    return network
