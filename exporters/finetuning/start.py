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

from exporters.calibration.samples import as_samples
from exporters.conversion import convert, options_of
from exporters.finetuning.counting.checks import check_network as check_counts
from exporters.finetuning.counting.recoding import BITS, CONVERSION, check_steps, recoded
from exporters.finetuning.plan import CODES, FineTuning
from exporters.finetuning.twin import check_network
from exporters.frontends.read import read
from exporters.recipe import Recipe, check_names, recipe_of
from exporters.training.loop import check_samples
from onespike_lava.data.encoding import encode, grid_text
from onespike_lava.data.samples import as_array
from onespike_lava.errors import DataError, OptionError, UnsupportedError, warn
from onespike_lava.network import Network
from onespike_lava.netx import load
from onespike_lava.system.progress import Progress

CALIBRATION = 1000
"""Samples that are drawn from the data where no others calibrate."""

CLIPPED = 0.01
"""Share of the values that the input grid may clip in silence: outliers."""

PHASES = 8
"""`T` of a conversion that is fine-tuned, unless another is given."""


COUNTED = ("phases", "input_bits", "input_range", "pool", "rounding")
"""Options of a conversion to spike counts."""


def start(
    model: Any,
    x: NDArray[Any],
    calibration: Any,
    tuning: FineTuning,
    code: str | None,
    output: str | None,
    progress: Progress,
    options: Mapping[str, Any],
) -> tuple[Network, Recipe]:
    """The integer network to train on, and the recipe by which its codes are fitted anew."""
    if code is not None and code not in CODES:
        raise OptionError(f"finetune: code is {code!r}; give one of {', '.join(CODES)}")
    if is_converted(model):
        own = {"code": code, "output": output, "calibration": calibration}
        idle = [*options, *(name for name, value in own.items() if value is not None)]
        if idle:
            raise OptionError(
                f"{', '.join(idle)}: of a conversion; {model} is converted already, leave it out"
            )
        network = model if isinstance(model, Network) else load(model)
        if network.steps:
            check_counts(network)
            return network, Recipe()
        check_network(network)
        return network, Recipe(**options_of(network))
    pool = {"pool": "own"} if tuning.fan_in is not None else {}
    options = {"phases": PHASES, **pool, **options}
    seen = x[places(len(x), tuning.seed)] if calibration is None else calibration
    if code == "count":
        return _counted(model, seen, output, progress, options), Recipe()
    recipe = recipe_of(options)
    return convert(model, seen, output=output, progress=progress, **options).network, recipe


def _counted(
    model: Any, seen: Any, output: str | None, progress: Progress, options: Mapping[str, Any]
) -> Network:
    check_names(options)
    if others := [name for name in options if name not in COUNTED]:
        raise OptionError(
            f"{', '.join(others)}: of one-spike networks; leave it out of one of spike counts, "
            f"whose options are {', '.join(COUNTED)}"
        )
    steps = options["phases"]
    check_steps(steps)
    samples = as_samples(seen)
    source = read(model, samples.shape[1:], output)
    if clipped := [node.name for node in source.nodes if node.attrs.get("clip") is not None]:
        raise UnsupportedError(
            f"finetune: the values of {', '.join(clipped[:3])} have an upper limit (ReLU6, say), "
            "which spike counts do not keep; use the one-spike code, or plain ReLUs"
        )
    own = {**CONVERSION, **options, "phases": BITS}
    return recoded(convert(model, samples, output=output, progress=progress, **own).network, steps)


def is_converted(model: Any) -> bool:
    """Whether a model is an integer network, or the path of one."""
    return isinstance(model, Network) or is_net(model)


def is_net(model: Any) -> bool:
    """Whether a model is the path of a `.net` file."""
    return isinstance(model, (str, os.PathLike)) and Path(model).suffix.lower() == ".net"


def integers_of(network: Network, x: NDArray[Any]) -> Tensor:
    """Samples as integers of the input grid; warns where it cannot hold many of their values."""
    coded = encode(network.input, x)
    if coded.clipped > CLIPPED * x.size:
        warn(
            f"finetune: {coded.clipped} of {x.size} values lie outside {grid_text(network.input)} "
            "and are clipped; give samples as the network was made for"
        )
    return torch.from_numpy(coded.integers)


def labels_of(y: ArrayLike, x: NDArray[Any]) -> Tensor:
    """Labels int64[N] of samples; `DataError` for others."""
    labels = as_array(y, "y", "labels int64[N]")
    if labels.dtype.kind not in "iub" or labels.ndim != 1:
        raise DataError(
            f"finetune: labels {labels.dtype}{list(labels.shape)} are not whole numbers [N]; "
            "number the classes"
        )
    if not np.ndim(x):
        raise DataError(f"finetune: x is {x!r}, no samples; give float[N, ...]")
    found = torch.from_numpy(labels.astype(np.int64))
    check_samples("finetune", torch.empty(len(x)), found)
    return found


def places(count: int, seed: int) -> NDArray[np.int64]:
    """Which of `count` samples calibrate, in their order."""
    return np.sort(np.random.default_rng(seed).permutation(count)[:CALIBRATION])
