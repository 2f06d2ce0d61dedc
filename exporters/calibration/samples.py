"""What callers give as calibration samples: arrays, or torch's data sets and loaders."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.data.encoding import OFF, Samples, few_levels, grid_text
from onespike_lava.data.samples import as_array
from onespike_lava.errors import DataError, warn
from onespike_lava.layers import Input

MOST = 1000
"""Samples that are taken of a torch Dataset or DataLoader."""

WORK = 2**38
"""Multiply-accumulates of one run of all calibration samples, above which fewer are taken: at 224
pixels 150 of ResNet-18, 17 of VGG-16. Where a sample is so much work its thousands of places tell
as much as hundreds of small samples do."""

FEW = 16
"""Samples that are taken at least."""

KINDS = "float32[N, C, H, W] or [N, F], or a torch Dataset or DataLoader of such samples"


def check_some(samples: NDArray[Any]) -> None:
    """`DataError` where there are no calibration samples [N, ...]."""
    if not len(samples):
        raise DataError("calibration: no samples; give at least one, better some hundred")


def as_samples(calibration: Any, ranks: Sequence[int] = (2, 3, 4)) -> NDArray[Any]:
    """Numeric samples [N, C, H, W] or [N, F] of an array, a tensor, or torch's containers.

    A Dataset gives `MOST` of its samples, evenly spread; a DataLoader its first ones. Of tuples,
    the first part counts; `ranks` are those that an array may have. Raises `DataError` for
    anything else.
    """
    data = sys.modules.get("torch.utils.data")
    if data is not None and isinstance(calibration, data.DataLoader):
        return _joined(_inputs(calibration), np.concatenate)
    if data is not None and isinstance(calibration, data.Dataset):
        return _joined(_inputs(_spread(calibration)), np.stack)
    found = _array(calibration)
    if found.dtype.kind not in "fiub" or not found.ndim:
        kind = type(calibration).__name__
        what = f"{found.dtype} {kind}" if isinstance(calibration, np.ndarray) else kind
        raise DataError(f"calibration: {what} is no array of samples; give {KINDS}")
    if found.ndim not in ranks:
        many = "give x[:, 0]" if found.shape[1:2] == (1,) else "give x.reshape(-1, *x.shape[2:])"
        raise DataError(
            f"calibration: shape {list(found.shape)} is not [N, C, H, W], [N, C, L] or [N, F]; "
            f"{'one sample alone is x[None]' if found.ndim == 1 else many}"
        )
    return found


def enough(samples: NDArray[Any], work: int) -> NDArray[Any]:
    """Samples evenly spread over the data, fewer where each is `work` multiply-accumulates."""
    count = enough_of(len(samples), work)
    return samples if count == len(samples) else samples[evenly(len(samples), count)]


def enough_of(samples: int, work: int) -> int:
    """How many of so many samples are taken, where each is `work` multiply-accumulates."""
    return min(samples, max(FEW, WORK // max(work, 1)))


def evenly(length: int, count: int) -> NDArray[np.int64]:
    """Places of so many samples in even distances among `length`."""
    return np.linspace(0, length - 1, count).astype(np.int64)


def _spread(dataset: Any) -> Iterable[Any]:
    """`MOST` samples of a data set in even distances; the first ones of one without a length."""
    try:
        count = len(dataset)
    except TypeError:
        return iter(dataset)
    places = np.unique(evenly(count, MOST)) if count else ()
    return (dataset[int(at)] for at in places)


def _inputs(items: Iterable[Any]) -> Iterator[NDArray[Any]]:
    for item in items:
        first = item[0] if isinstance(item, (tuple, list)) and len(item) else item
        found = _array(first)
        if found.dtype.kind not in "fiub":
            raise DataError(
                f"calibration: its data set gives {type(first).__name__}, not tensors of numbers; "
                "give it a transform such as ToTensor(), or give an array of the inputs"
            )
        yield found


def _joined(parts: Iterator[NDArray[Any]], join: Any) -> NDArray[Any]:
    kept, count = [], 0
    for part in islice(parts, MOST):
        kept.append(part)
        count += 1 if join is np.stack else len(part)
        if count >= MOST:
            break
    if not kept:
        raise DataError("calibration: its data set is empty; give at least one sample")
    try:
        found: NDArray[Any] = join(kept)[:MOST]
    except ValueError:
        shapes = sorted({part.shape for part in kept})
        raise DataError(
            f"calibration: samples of different shapes, {list(shapes[0])} and {list(shapes[-1])}; "
            "give all the same size"
        ) from None
    return found


def _array(values: Any) -> NDArray[Any]:
    """Values as an array, of a tensor also where it has a gradient or lies on a device."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(values, torch.Tensor):
        values = values.detach().cpu()
    return as_array(values, "calibration", KINDS)


def warn_of_samples(samples: NDArray[Any]) -> None:
    """Warn of calibration samples [N, *shape], N > 0, that tell too little of the input."""
    first = float(samples.reshape(-1)[0])
    way = "ranges and corrections rest on these, give some hundred real samples"
    if (samples == first).all():
        warn(f"calibration: all values are {first:g}; {way}")
    elif len(samples) == 1:
        warn(f"calibration: a single sample; {way}")
    elif (samples == samples[:1]).all():
        warn(f"calibration: all {len(samples)} samples are the same; {way}")
    elif samples.ndim == 4 and samples[0, 0].size > 1:
        channels = range(samples.shape[1])
        still = [c for c in channels if (samples[:, c] == samples[0, c].flat[0]).all()]
        if still:
            found = ", ".join(map(str, still[:5])) + (", ..." if len(still) > 5 else "")
            warn(
                f"calibration: channels {found} of {len(channels)} hold one value alone; check "
                "how the data are made, or leave these channels out of the network"
            )


def on_grid(layer: Input, samples: NDArray[Any]) -> NDArray[Any]:
    """The samples as the input grid can hold them: what lies outside is clipped, and told.

    Warns also where most samples span but a few of the grid's steps.
    """
    coded = Samples(layer, samples)
    integers = coded[:]
    if coded.clipped:
        axes = (-1,) + (1,) * (samples.ndim - 2)
        low = layer.low.reshape(axes)
        held = np.clip(samples, low, low + layer.step.reshape(axes) * (2**layer.bits - 1))
        furthest = float(samples.reshape(-1)[np.abs(samples - held).argmax()])
        warn(
            f"calibration: {coded.clipped} of {samples.size} values, up to {furthest:g}, lie "
            f"outside {grid_text(layer)} and are clipped; clean the data, or give an input range"
        )
        return held.astype(np.float32)
    span = _usual_span(integers)
    if coded.rounding > OFF and len(samples) > 1 and span < few_levels(layer.bits):
        warn(
            f"calibration: most samples span {span} of {2**layer.bits - 1} steps of "
            f"{grid_text(layer)}; bring all samples to one scale, or give an input range"
        )
    return samples


def _usual_span(integers: NDArray[np.uint8]) -> int:
    """Steps between the lowest and the highest value of half of the images, or of vectors' bulk."""
    if integers.ndim == 4 and integers[0, 0].size > 1:
        flat = integers.reshape(*integers.shape[:2], -1)
        return int(np.median(flat.max(axis=2) - flat.min(axis=2), axis=0).max())
    low, high = np.percentile(integers, [5, 95])
    return int(high - low)
