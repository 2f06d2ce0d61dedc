"""Samples and labels: checks, and the binary code of the input layer."""

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
from onespike_lava.errors import DataError, warn
from onespike_lava.layers import Input, Shape
from onespike_lava.system.files import check_file

FILE_LIMIT = 2**32
"""Largest data file that is read, in bytes."""

CLIPPED = 0.05
"""Data of which a larger share lies outside the grid are hardly on the network's scale."""

OFF = 0.05
"""Distance from the grid, in steps, from which on values do not lie on it."""

BLOCK = 2**15
"""Values that are encoded together, so that what is computed stays in a processor's cache."""


@dataclass(frozen=True)
class Coded:
    """Samples as the input layer's integers.

    integers : uint8[N, *shape]
    clipped  : how many values lay outside the input range
    rounding : largest distance of a value inside the range from its grid point, in steps
    """

    integers: NDArray[np.uint8]
    clipped: int
    rounding: float


def encode(layer: Input, x: ArrayLike, phases: int = 0) -> Coded:
    """Samples on the grid `low + step * n`, `n = 0 .. 2**bits - 1` (Sec. III-A).

    `x` is float[N, *shape], of events [N, phases, *shape]. Raises `DataError` where it does not
    fit.
    """
    samples = Samples(layer, x, phases)
    return Coded(samples[:], samples.clipped, samples.rounding)


class Samples:
    """Samples that engines read block by block, as the input layer's integers.

    `samples[start:stop]` is uint8[stop - start, *shape]; nothing is encoded before it is read,
    so that memory does not grow with the number of samples.

    layer    : the input layer
    values   : numeric[N, *shape], as given; of events numeric[N, phases, *shape]
    clipped, rounding : as in `Coded`, of what was read so far
    """

    def __init__(self, layer: Input, x: ArrayLike, phases: int = 0):
        """Raise `DataError` where type or shape do not fit; `phases` are the network's steps."""
        self.layer, self.values = layer, _numeric(x, layer.sample_shape(phases))
        self.clipped, self.rounding = 0, 0.0

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, block: slice) -> NDArray[np.uint8]:
        values = self.values[block]
        integers = np.empty(values.shape, np.uint8)
        size = max(1, BLOCK // max(1, prod(values.shape[1:])))
        for start in range(0, len(values), size):
            part = slice(start, start + size)
            self._encode(values[part], integers[part])
        return integers

    def _encode(self, values: NDArray[Any], integers: NDArray[np.uint8]) -> None:
        axes = (-1,) + (1,) * (len(self.layer.shape) - 1)
        top = 2**self.layer.bits - 1
        exact = np.subtract(values, self.layer.low.reshape(axes), dtype=np.float64)
        exact /= self.layer.step.reshape(axes)
        rounded = np.rint(exact)
        inside = (rounded >= 0) & (rounded <= top)  # not so for NaN
        distance = np.subtract(exact, rounded, out=exact, where=inside)
        distance = np.abs(distance, out=distance).max(initial=0.0, where=inside)
        lost = int(inside.size - np.count_nonzero(inside))
        if lost and values.dtype.kind == "f" and not np.isfinite(values).all():
            _check_finite(self.values)
        self.clipped, self.rounding = self.clipped + lost, max(self.rounding, float(distance))
        np.clip(rounded, 0, top, out=rounded)
        np.copyto(integers, rounded, casting="unsafe")

    @property
    def levels(self) -> int | None:
        """Steps of the grid between the lowest and the highest value; None of values on it."""
        if self.rounding <= OFF or not len(self.values):
            return None
        axes = tuple(axis for axis in range(self.values.ndim) if axis != 1)
        ends = [np.asarray(find(self.values, axis=axes), float) for find in (np.min, np.max)]
        low, high = ((each - self.layer.low) / self.layer.step for each in ends)
        top = 2**self.layer.bits - 1
        return int(np.rint(high.clip(0, top).max()) - np.rint(low.clip(0, top).min()))

    def note(self, clipped: int, rounding: float) -> None:
        """What an engine found that encoded the values itself.

        Raises `DataError` where those outside are not even numbers.
        """
        if clipped:
            _check_finite(self.values)
        self.clipped += clipped
        self.rounding = max(self.rounding, rounding)


def few_levels(bits: int) -> int:
    """Steps of a grid that are too few for values between its integers."""
    return min(16, 2**bits // 4)


def grid_text(layer: Input) -> str:
    """The input grid and its range, as messages show it."""
    high = layer.low + (2**layer.bits - 1) * layer.step
    ends = f"{layer.low.min():g}..{high.max():g}"
    if layer.low.size == 1:
        return f"the input grid {ends}"
    return f"the {'channels' if len(layer.shape) > 1 else 'features'}' input grids ({ends} in all)"


def warn_of_input(layer: Input, values: int, clipped: int, levels: int | None) -> None:
    """Warn of so many values that are hardly on the scale of the input grid."""
    way = "scale the data as the calibration samples were"
    if clipped > CLIPPED * values:
        warn(
            f"x: {clipped} of {values} values lie outside {grid_text(layer)} and are clipped; {way}"
        )
    elif levels is not None and levels < few_levels(layer.bits):
        warn(
            f"x: the values span {levels} of {2**layer.bits - 1} steps of {grid_text(layer)} and "
            f"lie between them; {way}"
        )


def decode(layer: Input, integers: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Values float64[N, *shape] that the input layer's integers stand for."""
    axes = (-1,) + (1,) * (len(layer.shape) - 1)
    return layer.low.reshape(axes) + layer.step.reshape(axes) * integers


def check_samples(x: ArrayLike, shape: Shape) -> NDArray[Any]:
    """Samples as a numeric array [N, *shape], else `DataError`."""
    values = _numeric(x, shape)
    _check_finite(values)
    return values


def _numeric(x: ArrayLike, shape: Shape) -> NDArray[Any]:
    """An array [N, *shape]; of a graph, shape (F, nodes, 1), also its features [nodes, F]."""
    values = np.asarray(x)
    if len(shape) == 3 and values.shape == (shape[1], shape[0]) and shape[2] == 1:
        values = values.T[None, :, :, None]
    if values.dtype.kind not in "fiub":
        raise DataError(f"x: type {values.dtype} is not numeric; give float32[N, ...]")
    if values.shape[1:] != tuple(shape) or values.ndim != len(shape) + 1:
        raise DataError(
            f"x: shape {values.shape} does not match {listed(shape)}; "
            f"{way_out(values.shape[1:], shape)}"
        )
    return values


def _check_finite(values: NDArray[Any]) -> None:
    if values.dtype.kind != "f":
        return
    size = max(1, BLOCK // max(1, prod(values.shape[1:])))
    blocks = (values[start : start + size] for start in range(0, len(values), size))
    bad = sum(block.size - int(np.count_nonzero(np.isfinite(block))) for block in blocks)
    if bad:
        raise DataError(f"x: {bad} values are NaN or infinite; clean the data")


def by_place(name: str, values: ArrayLike, samples: int, plane: Shape) -> NDArray[Any]:
    """Labels `y`, or a `mask`, with one value for each output place of each sample.

    values : [N] of networks with one class a sample; of dense outputs, whose plane is (H, W),
             [N, H, W], [N, H * W] or all in a row; [nodes] of a graph. Axes of one element count
             as left out
    Returns [N, places]; raises `DataError` where type or shape do not fit.
    """
    found, places = np.asarray(values), prod(plane)
    wanted, rows, given = (
        [size for size in shape if size != 1]
        for shape in ((samples, *plane), (samples, places), found.shape)
    )
    fits = given in (wanted, rows, [samples * places])
    kinds, what, fix = PER_PLACE[name]
    if not fits or found.dtype.kind not in kinds:
        shown = wanted if places > 1 else [samples]
        raise DataError(
            f"{name}: {found.dtype}{list(found.shape)} is not {what}"
            f"[{', '.join(map(str, shown))}]; give {fix} per {'place' if places > 1 else 'sample'}"
        )
    return found.reshape(samples, places)


PER_PLACE = {
    "y": ("iu", "integer", "the number of one class"),
    "mask": ("b", "bool", "one truth value"),
}
"""Kinds of type of these arrays, what they hold, and what to give."""


def check_labels(labels: NDArray[Any], classes: int) -> NDArray[np.int64]:
    """Labels, some and all in 0..classes - 1, else `DataError`."""
    if not labels.size:
        raise DataError("mask: no sample counts; choose at least one")
    if not 0 <= labels.min() <= labels.max() < classes:
        fix = "renumber them, or mask those that do not count"
        if classes == 1:
            fix = "of one output there is one class; compare its scores, which `run` gives"
        raise DataError(
            f"y: labels {labels.min()}..{labels.max()} are outside 0..{classes - 1}, the outputs "
            f"of the network; {fix}"
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

        shape, plane : of its input; rows and columns of its output, () for none
        """
        x = _numeric(self.x, shape)
        y, mask = (
            None if values is None else by_place(name, values, len(x), plane)[:limit]
            for name, values in (("y", self.y), ("mask", self.mask))
        )
        return Labelled(x[:limit], y, mask)


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
