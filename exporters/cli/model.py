"""How commands name a source network."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from onespike_lava.cli import options, paths
from onespike_lava.errors import OptionError
from onespike_lava.system import files

SOURCE = "Source network"
"""The group of options of MODEL."""

MODEL = options.argument(
    "model",
    type=paths.ONNX,
    metavar="MODEL",
    line="The source network: an ONNX file, package.module:factory or FILE.py:factory.",
)
WEIGHTS = options.option(
    "--weights",
    type=paths.WEIGHTS,
    metavar="FILE",
    help="The weights of a factory's module: a safetensors file, or one of torch.save.",
    group=SOURCE,
)
MODEL_OUTPUT = options.option(
    "--model-output",
    metavar="NAME",
    help="The output to take where MODEL has several, or an inner module, function or tensor.",
    group=SOURCE,
)


def load_model(model: str, weights: str | None) -> Any:
    """What `exporters.export` takes: the path of an ONNX file, or a torch module."""
    if Path(model).suffix.lower() == ".onnx":
        if weights is not None:
            raise OptionError("weights: an ONNX file holds its own; leave the option out")
        return model
    from exporters.frontends.torch.factory import load_factory

    return load_factory(model, weights)


def keep_inputs(
    outputs: Mapping[str, tuple[str | None, str]], model: str | None, **inputs: str | None
) -> None:
    """`OptionError` where an output is an input or a file of the model; see `files.keep_inputs`."""
    from exporters.frontends.read import model_files

    there = any(path is not None and os.path.exists(path) for path, _ in outputs.values())  # noqa: PTH110
    files.keep_inputs(outputs, {**(model_files(model) if there else {}), **inputs})
