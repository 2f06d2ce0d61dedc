"""Samples and labels: from files and arrays, checked."""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onespike_lava.data.misfit import listed, way_out
from onespike_lava.data.npy import MAGIC, SOUND, archive, explained, header, member
from onespike_lava.errors import DataError
from onespike_lava.layers import Shape
from onespike_lava.system.files import check_file

FILE_LIMIT = 2**32
"""Largest data file that is read, in bytes."""

BLOCK = 2**15
"""Values that are encoded together, so that what is computed stays in a processor's cache."""


def check_samples(x: ArrayLike, shape: Shape, name: str = "x") -> NDArray[Any]:
    """Samples as a numeric array [N, *shape], else `DataError`; `name` as messages call them."""
    values = numeric(x, shape)
    check_finite(values, name)
    return values


def as_array(values: Any, name: str, wanted: str) -> NDArray[Any]:
    """Values as an array; `DataError` where they make none, with what is `wanted` of `name`."""
    if isinstance(values, np.ma.MaskedArray) and np.any(values.mask):
        raise DataError(f"{name}: some values are masked; fill them, or leave these samples out")
    try:
        return np.asarray(values)
    except (ValueError, RuntimeError, TypeError) as error:
        raise DataError(
            f"{name}: {type(values).__name__} does not make one array "
            f"({str(error).splitlines()[0][:80]}); give {wanted}"
        ) from None


def numeric(x: ArrayLike, shape: Shape) -> NDArray[Any]:
    """An array [N, *shape]; of a graph, shape (F, nodes, 1), also its features [nodes, F].

    Of one row, shape (C, 1, L), also [N, C, L].
    """
    values = as_array(x, "x", "float32[N, ...]")
    if values.shape[1:] == shape and values.ndim > len(shape) and values.dtype.kind in "fiub":
        return values
    if len(shape) == 3 and values.shape == (shape[1], shape[0]) and shape[2] == 1:
        values = values.T[None, :, :, None]
    if len(shape) == 3 and shape[1] == 1 and values.shape[1:] == shape[::2]:
        values = values[:, :, None]  # the rows of a 1-D network
    if len(shape) == 2 and values.shape[1:] == (shape[0], 1, shape[1]):
        values = values[:, :, 0]
    if values.dtype.kind not in "fiub":
        raise DataError(f"x: type {values.dtype} is not numeric; give float32[N, ...]")
    if values.shape[1:] != tuple(shape) or values.ndim != len(shape) + 1:
        raise DataError(
            f"x: shape {values.shape} does not match {listed(shape)}; "
            f"{way_out(values.shape[1:], shape)}"
        )
    return values


def check_finite(values: NDArray[Any], name: str = "x") -> None:
    """Raise `DataError` for values that are NaN or infinite, looked at block by block."""
    if values.dtype.kind != "f":
        return
    size = max(1, BLOCK // max(1, prod(values.shape[1:])))
    blocks = (values[start : start + size] for start in range(0, len(values), size))
    bad = sum(block.size - int(np.count_nonzero(np.isfinite(block))) for block in blocks)
    if bad:
        raise DataError(f"{name}: {bad} values are NaN or infinite; clean the data")


def by_place(name: str, values: ArrayLike, samples: int, plane: Shape) -> NDArray[Any]:
    """Labels `y`, or a `mask`, with one value for each output place of each sample.

    values : [N] of networks with one class a sample; of dense outputs, whose plane is (H, W),
             [N, H, W], [N, H * W] or all in a row; [nodes] of a graph. Axes of one element count
             as left out
    Returns [N, places]; raises `DataError` where type or shape do not fit.
    """
    kinds, what, fix = PER_PLACE[name]
    found, places = as_array(values, name, f"{fix} per sample"), prod(plane)
    wanted, rows, given = (
        [size for size in shape if size != 1]
        for shape in ((samples, *plane), (samples, places), found.shape)
    )
    fits = given in (wanted, rows, [samples * places])
    if not fits or found.dtype.kind not in kinds:
        shown = wanted if places > 1 else [samples]
        raise DataError(
            f"{name}: {found.dtype}{list(found.shape)} is not {what}"
            f"[{', '.join(map(str, shown))}]; give {fix} per {'place' if places > 1 else 'sample'}"
        )
    return found.reshape(samples, places)


PER_PLACE = {
    "y": ("iu", "integer", "the number of one class"),
    "labels": ("iu", "integer", "the number of one class"),
    "mask": ("b", "bool", "one truth value"),
}
"""Kinds of type of these arrays, what they hold, and what to give."""


def check_labels(labels: NDArray[Any], classes: int, name: str = "y") -> NDArray[np.int64]:
    """Labels, some and all in 0..classes - 1, else `DataError`; only `y` may have a mask."""
    if not labels.size:
        raise DataError("mask: no sample counts; choose at least one")
    if not 0 <= labels.min() <= labels.max() < classes:
        fix = "renumber them, or mask those that do not count" if name == "y" else "renumber them"
        if classes == 1:
            fix = "of one output there is one class; compare its scores, which `run` gives"
        raise DataError(
            f"{name}: labels {labels.min()}..{labels.max()} are outside 0..{classes - 1}, the "
            f"outputs of the network; {fix}"
        )
    return labels.astype(np.int64)


@dataclass(frozen=True)
class Labelled:
    """Samples [N, ...] and, where given, labels and a mask as `by_place` takes them."""

    x: NDArray[Any]
    y: NDArray[Any] | None
    mask: NDArray[Any] | None = None

    def of(self, shape: Shape, plane: Shape, limit: int | None) -> Labelled:
        """The first samples of a network's, x [N, *shape] and, where given, y and mask [N, places].

        Targets that are numbers stay as they are.

        shape, plane : of its input; rows and columns of its output, () for none
        """
        x = numeric(self.x, shape)
        y, mask = (
            None if values is None else by_place(name, values, len(x), plane)[:limit]
            for name, values in (("y", None if _numbers(self.y) else self.y), ("mask", self.mask))
        )
        if self.y is not None and _numbers(self.y):
            return Labelled(x[:limit], self.y[:limit], mask)
        return Labelled(x[:limit], y, mask)


def _numbers(y: NDArray[Any] | None) -> bool:
    """Whether these are the targets of a regression, which have a shape of their own."""
    return y is not None and y.dtype.kind == "f"


def load_samples(path: str | os.PathLike[str], *, labels: bool) -> Labelled:
    """Samples of a `.npz` file (`x`, where `labels` also `y`, `mask`) or of a `.npy` file.

    Raises `DataError` for a file that holds something else; nothing is unpickled.
    """
    size = check_file(path)
    if size > FILE_LIMIT:
        raise DataError(f"{path}: {size} bytes exceed the limit of {FILE_LIMIT}; use fewer samples")
    wanted = ("x", "y") if labels else ("x",)
    with explained(path):
        with Path(path).open("rb") as stream:
            alone = stream.read(len(MAGIC)) == MAGIC
            stream.seek(0)
            arrays = {"x": header(stream, path, "x", size).read(stream)} if alone else {}
        if not alone:
            with archive(path) as held:
                for name in ("x", "y", "mask"):
                    if name in wanted or f"{name}.npy" in held.NameToInfo:
                        arrays[name] = _whole(held, path, name)
    if missing := [name for name in wanted if name not in arrays]:
        raise DataError(
            f"{path}: holds x, no array {missing[0]!r}; save it under that name in an .npz file"
        )
    if not arrays["x"].shape:
        raise DataError(f"{path}: x is a single value; {SOUND} as an array")
    return Labelled(arrays["x"], arrays.get("y"), arrays.get("mask"))


def _whole(held: zipfile.ZipFile, path: str | os.PathLike[str], name: str) -> NDArray[Any]:
    found = member(held, path, name)
    if found.file_size > FILE_LIMIT:
        raise DataError(f"{path}: {name} exceeds the limit of {FILE_LIMIT} bytes; use fewer")
    with held.open(found) as stream:
        return header(stream, path, name, found.file_size).read(stream)
