"""One door for source networks: whatever the caller has becomes a graph."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from exporters.graph import Graph
from onespike_lava.data.misfit import listed, way_out
from onespike_lava.errors import DataError, OneSpikeError, UnsupportedError
from onespike_lava.system.parts import need


def read(model: Any, input_shape: Sequence[int], output: str | None = None) -> Graph:
    """The graph of a torch module, an exported program, an ONNX file (a path), or itself.

    input_shape : of one sample, (C, H, W) or (F,); () of a file that tells itself
    output      : which of several outputs; its name, or the key or number that a module returns

    Torch or onnx is imported only when needed. Raises `MissingPartError` where it is not
    installed, `DataError` where the model takes samples of another shape, and
    `UnsupportedError` for what cannot be converted.
    """
    shape = tuple(int(size) for size in input_shape)
    if isinstance(model, Graph):
        graph = model
    elif isinstance(model, (str, Path)):
        graph = _from_onnx(model, shape, output)
    elif _is_torch_module(model):
        _refuse_neurons(model)
        from exporters.frontends.torch.fx import from_torch

        graph = from_torch(model, shape, output)
    else:
        raise UnsupportedError(
            f"model: {type(model).__name__} is not a torch Module or exported program, the path of "
            "an ONNX file, or an exporters.graph.Graph; give one of these"
        )
    found = graph.sample_shape
    if shape and shape not in (found, found[::2] if found[1:2] == (1,) else found):
        raise DataError(
            f"data: shape {listed(shape)} does not fit {listed(found)}, which the model takes; "
            f"{way_out(shape, found)}"
        )
    return graph


def _refuse_neurons(module: Any) -> None:
    """Raise `UnsupportedError` for a module that has spiking neurons of its own."""
    from exporters.frontends.spiking.neurons import remembers

    inner: Any = getattr(module, "named_modules", dict)()  # an exported program has none
    found = [f"{name or 'it'} ({type(e).__name__})" for name, e in inner if remembers(e)]
    if found:
        raise UnsupportedError(
            f"{type(module).__name__}: has neurons of its own, {', '.join(found[:3])}; this takes "
            "networks of ReLU, convert it with exporters.export or exporters.convert_spiking"
        )


def model_files(model: Any) -> dict[str, str | Path]:
    """What a model is read from: its file, and those beside an ONNX file that hold its data."""
    if not isinstance(model, (str, Path)):
        return {}
    if Path(model).suffix.lower() == ".onnx":
        return {"model": model, **{f"model's {each.name}": each for each in _external(model)}}
    place = str(model).rpartition(":")[0]
    return {"model": place if place.endswith(".py") else f"{place.replace('.', '/')}.py"}


def _external(path: str | Path) -> list[Path]:
    with suppress(OneSpikeError):  # whoever reads the model says what is wrong with it
        need("onnx.checker", str(path), extra="onnx")
        from exporters.frontends.onnx.load import external_files

        return external_files(Path(path))
    return []


def _from_onnx(path: str | Path, shape: tuple[int, ...], output: str | None) -> Graph:
    if Path(path).suffix.lower() != ".onnx":
        raise UnsupportedError(
            f"{path}: not the name of an ONNX file; give a path that ends in .onnx, or a torch "
            "Module itself, such as exporters.frontends.torch.factory.load_factory returns"
        )
    need("onnx.checker", str(path), extra="onnx")
    from exporters.frontends.onnx.file import from_onnx

    return from_onnx(path, shape, output)


def _is_torch_module(model: Any) -> bool:
    """Whether it is a torch module or program; what nobody imported torch for is none."""
    torch, export = sys.modules.get("torch.nn"), sys.modules.get("torch.export")
    program = getattr(export, "ExportedProgram", ())
    return torch is not None and isinstance(model, (torch.Module, program or torch.Module))
