"""How commands name a source network."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from onespike_lava.cli import paths
from onespike_lava.errors import OptionError
from onespike_lava.system import files

MODEL = click.argument("model", type=paths.ONNX, metavar="MODEL")
WEIGHTS = click.option(
    "--weights", type=paths.WEIGHTS, metavar="FILE", help="Of package.module:factory."
)

MODEL_OUTPUT = click.option("--model-output", metavar="NAME", help="Which output, or an inner one.")


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
