"""ONNX files as checked models with all their data; nothing is read but the file and its folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import onnx
from onnx.external_data_helper import ExternalDataInfo, uses_external_data

from exporters.frontends.refusals import line
from onespike_lava.errors import DataError, UnsupportedError
from onespike_lava.system.files import check_file

FILE_LIMIT = 2**30
"""Largest file, and largest sum of external data, in bytes: VGG-19 holds 575 million."""

NODES_LIMIT = 2**12
"""Most nodes of a file."""


def load(path: Path) -> Any:
    """The checked model; `DataError` for a file that is none, `UnsupportedError` if too large."""
    model = _parsed(path)
    if len(model.graph.node) > NODES_LIMIT:
        raise UnsupportedError(
            f"{path}: {len(model.graph.node)} nodes exceed the limit of {NODES_LIMIT}; simplify it"
        )
    try:
        _check_external(model, path.parent)
        onnx.load_external_data_for_model(model, str(path.parent))
    except Exception as error:
        raise DataError(
            f"{path}: its external data cannot be read ({line(error)}); put the data file beside "
            "it, or save the model as one file"
        ) from None
    try:
        onnx.checker.check_model(model)
    except Exception as error:  # the checker's, and those of texts and sizes that it meets
        raise DataError(f"{path}: not valid ONNX ({line(error)}); export it again") from None
    return model


def external_files(path: Path) -> list[Path]:
    """The files that hold a model's external data; errors as in `load`."""
    tensors = [each for each in _tensors(_parsed(path).graph) if uses_external_data(each)]
    return sorted({path.parent / ExternalDataInfo(each).location for each in tensors})


def _parsed(path: Path) -> Any:
    """The model without external data, not checked."""
    size = check_file(path)
    if size > FILE_LIMIT:
        raise DataError(f"{path}: {size} bytes exceed the limit of {FILE_LIMIT}; use a smaller one")
    try:
        with path.open("rb") as stream:
            if stream.read(1) == b"\0":  # no field begins so; spares reading an empty disk
                raise ValueError("it begins with zeros")
        model = onnx.load(str(path), load_external_data=False)
        if not model.graph.node:
            raise ValueError("it holds no nodes")
    except Exception as error:  # protobuf's classes differ between versions
        raise DataError(f"{path}: not an ONNX file ({line(error)}); export it again") from None
    return model


def _check_external(model: Any, folder: Path) -> None:
    """Refuse data outside the model's folder, or more than a model may have."""
    total = 0
    for tensor in _tensors(model.graph):
        if not uses_external_data(tensor):
            continue
        info = ExternalDataInfo(tensor)
        location = PurePosixPath(info.location.replace("\\", "/"))
        file = (folder / location).resolve()
        if location.is_absolute() or not file.is_relative_to(folder.resolve()):
            raise ValueError(f"{info.location} is outside the folder of the model")
        held, start = check_file(file), info.offset or 0
        end = held if info.length is None else start + info.length
        if not 0 <= start <= end <= held:
            raise ValueError(f"{info.location} has {held} bytes, none at {start} to {end}")
        total += end - start
        if total > FILE_LIMIT:
            raise ValueError(f"{total} bytes exceed the limit of {FILE_LIMIT}")


def _tensors(graph: Any) -> Iterator[Any]:
    """All tensors of a graph and of graphs in it."""
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
            for inner in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                yield from _tensors(inner)
