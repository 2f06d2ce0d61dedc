"""How commands name a source network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from onespike_lava.cli import paths
from onespike_lava.errors import OptionError

MODEL = click.argument("model", type=paths.ONNX, metavar="MODEL")
WEIGHTS = click.option(
    "--weights", type=paths.WEIGHTS, metavar="FILE.safetensors", help="Of package.module:factory."
)

MODEL_OUTPUT = click.option("--model-output", metavar="NAME", help="Which of several outputs.")


def load_model(model: str, weights: str | None) -> Any:
    """What `exporters.export` takes: the path of an ONNX file, or a torch module."""
    if Path(model).suffix.lower() == ".onnx":
        if weights is not None:
            raise OptionError("weights: an ONNX file holds its own; leave the option out")
        return model
    if ":" not in model:
        raise OptionError(
            f"model: {model!r} is neither an .onnx file nor package.module:factory; give one of "
            "both"
        )
    from exporters.frontends.torch.factory import load_factory

    return load_factory(model, weights)
