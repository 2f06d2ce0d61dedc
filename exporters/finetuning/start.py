"""What a fine-tuning begins with: the integer network, labels, samples to fit codes to."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from exporters.conversion import convert
from exporters.finetuning.plan import FineTuning
from exporters.recipe import Recipe, recipe_of
from exporters.training.loop import check_samples
from onespike_lava.errors import DataError, OptionError
from onespike_lava.network import Network
from onespike_lava.netx import load
from onespike_lava.system.progress import Progress

CALIBRATION = 1000
"""Samples that are drawn from the data where no others calibrate."""

PHASES = 8
"""`T` of a conversion that is fine-tuned, unless another is given."""


def start(
    model: Any,
    x: NDArray[Any],
    calibration: Any,
    tuning: FineTuning,
    output: str | None,
    progress: Progress,
    options: Mapping[str, Any],
) -> tuple[Network, Recipe]:
    """The integer network to train on, and the recipe by which it is fitted anew."""
    if is_converted(model):
        if options or output is not None:
            raise OptionError(
                f"{', '.join(options) or 'output'}: of a conversion; {model} is converted already, "
                "leave it out"
            )
        network = model if isinstance(model, Network) else load(model)
        return network, Recipe(phases=network.phases)
    pool = {"pool": "own"} if tuning.fan_in is not None else {}
    options = {"phases": PHASES, **pool, **options}
    recipe = recipe_of(options)
    seen = x[places(len(x), tuning.seed)] if calibration is None else calibration
    return convert(model, seen, output=output, progress=progress, **options).network, recipe


def is_converted(model: Any) -> bool:
    """Whether a model is an integer network, or the path of one."""
    return isinstance(model, Network) or is_net(model)


def is_net(model: Any) -> bool:
    """Whether a model is the path of a `.net` file."""
    return isinstance(model, (str, os.PathLike)) and Path(model).suffix.lower() == ".net"


def labels_of(y: ArrayLike, x: NDArray[Any]) -> Tensor:
    """Labels int64[N] of samples; `DataError` for others."""
    labels = np.asarray(y)
    if labels.dtype.kind not in "iub" or labels.ndim != 1:
        raise DataError(
            f"finetune: labels {labels.dtype}{list(labels.shape)} are not whole numbers [N]; "
            "number the classes"
        )
    found = torch.from_numpy(labels.astype(np.int64))
    check_samples("finetune", torch.empty(len(x)), found)
    return found


def places(count: int, seed: int) -> NDArray[np.int64]:
    """Which of `count` samples calibrate, in their order."""
    return np.sort(np.random.default_rng(seed).permutation(count)[:CALIBRATION])
