"""How ONNX operators that transpose, pick or enlarge become nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from exporters.frontends import moves
from exporters.frontends.builder import Builder
from exporters.frontends.onnx.layers import Attributes, constant, window_of
from exporters.frontends.refs import Ref, RefusedError
from exporters.frontends.windows import kernels, pair, plane


def transpose(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Transpose that keeps the batch in front."""
    rank = len(inputs[0].shape) + 1
    return moves.permuted(build, name, inputs[0], attrs.get("perm", range(rank - 1, -1, -1)))


def gather(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Gather of constant places along one axis."""
    index = constant(inputs[1], "indices")
    return moves.taken(build, name, inputs[0], attrs.get("axis", 0), index)


def depth_to_space(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """DepthToSpace in both orders."""
    mode = _text(attrs, "mode", "DCR")
    if mode not in ("DCR", "CRD"):
        raise RefusedError(f"mode={mode}; ONNX has DCR and CRD")
    return moves.widened(build, name, inputs[0], attrs["blocksize"], inner=mode == "CRD")


def space_to_depth(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """SpaceToDepth."""
    return moves.deepened(build, name, inputs[0], attrs["blocksize"], inner=False)


def upsample(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Upsample to whole times the plane, by nearest neighbours."""
    mode = _text(attrs, "mode", "nearest")
    if mode != "nearest":
        raise RefusedError(f"mode={mode}; {NEAREST}")
    given = attrs.get("scales") if len(inputs) < 2 else constant(inputs[1], "scales")
    return _scaled(build, name, inputs[0], list(given or ()) if isinstance(given, list) else given)


NEAREST = "use nearest neighbours and train again"


def resize(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Resize to whole times the plane, by nearest neighbours."""
    x, given = inputs[0], [*inputs, None, None, None][1:4]
    mode = _text(attrs, "mode", "nearest")
    way = _text(attrs, "coordinate_transformation_mode", "half_pixel")
    rounding = _text(attrs, "nearest_mode", "round_prefer_floor")
    scales = given[1] if len(inputs) > 2 else given[0]
    if scales is None or np.size(scales) == 0:
        sizes = constant(given[2], "sizes").tolist()
        if attrs.get("axes"):
            raise RefusedError("axes beside sizes; give all sizes, or scales")
        have = (1, *x.shape)
        scales = [1.0, *(want / each for want, each in zip(sizes[1:], have[1:], strict=True))]
    else:
        scales = constant(scales, "scales").tolist()
    if attrs.get("axes"):
        full = [1.0] * (len(x.shape) + 1)
        for axis, scale in zip(attrs["axes"], scales, strict=True):
            full[axis] = scale
        scales = full
    if mode != "nearest":
        raise RefusedError(f"mode={mode}; {NEAREST}")
    exact = {
        "asymmetric": ("floor",),
        "half_pixel": ("round_prefer_floor", "round_prefer_ceil"),
        "pytorch_half_pixel": ("round_prefer_floor", "round_prefer_ceil"),
        "tf_half_pixel_for_nn": ("floor",),
        "half_pixel_symmetric": ("round_prefer_floor", "round_prefer_ceil"),
    }
    if rounding not in exact.get(way, ()):
        raise RefusedError(f"{way} with {rounding}; only copies of each place are supported")
    return _scaled(build, name, x, scales)


def _scaled(build: Builder, name: str, x: Ref, scales: Any) -> Ref:
    given = [float(each) for each in scales]
    if any(each != int(each) for each in given) or len(given) != len(x.shape) + 1:
        raise RefusedError(f"scales {given}; give a whole number for each axis")
    whole = [int(each) for each in given]
    if whole[0] != 1:
        raise RefusedError("enlarges the batch; that is not supported")
    axes = [axis for axis, each in enumerate(whole) if each > 1]
    if axes and axes[0] == 1 and len(x.shape) > 1:  # channels last
        moved = x.first(len(x.shape) - 1)
        if whole[-1] == 1:
            return moves.upsampled(build, name, moved, whole[1:-1]).back(len(x.shape) - 1)
        raise RefusedError(f"scales {given}; only rows and columns are made larger")
    return moves.upsampled(build, name, x, whole[2:])


def conv_transpose(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """ConvTranspose with constant weights."""
    x, weight = inputs[0], constant(inputs[1], "weight")
    bias = constant(inputs[2], "bias") if len(inputs) > 2 and inputs[2] is not None else None
    plane(build, x)
    turned = kernels(build, x, weight)
    window = window_of(build, x, {**attrs, "auto_pad": b"NOTSET"}, turned.shape[2:])
    window["groups"] = attrs.get("group", 1)
    more = pair(x, attrs.get("output_padding", (0,) * len(weight.shape[2:])), 0)
    wanted = _wanted(x, attrs, turned.shape[2:], window)
    if wanted is not None:
        window["padding"], more = wanted
    return moves.transposed_convolution(build, name, x, turned, bias, window, more)


def _wanted(
    x: Ref, attrs: Attributes, kernel: Sequence[int], window: dict[str, Any]
) -> tuple[tuple[int, ...], tuple[int, int]] | None:
    """Padding, and what the output has more, where the file gives the output's size."""
    auto = _text(attrs, "auto_pad", "NOTSET")
    have = x.shape[1:] if len(x.shape) == 3 else (1, *x.shape[1:])
    if "output_shape" in attrs:
        given = list(attrs["output_shape"])[-len(x.shape[1:]) :]
        sizes = given if len(given) == 2 else [1, *given]
    elif auto in ("SAME_UPPER", "SAME_LOWER"):
        sizes = [size * step for size, step in zip(have, window["stride"], strict=True)]
    else:
        return None
    before, behind, more = [], [], []
    for axis, want in enumerate(sizes):
        extent = (kernel[axis] - 1) * window["dilation"][axis] + 1
        total = (have[axis] - 1) * window["stride"][axis] + extent - want
        first = max(0, total) // 2
        first = max(0, total) - first if auto == "SAME_LOWER" else first
        before.append(first)
        behind.append(max(0, total) - first)
        more.append(max(0, -total))
    return (*before, *behind), (more[0], more[1])


def _text(attrs: Attributes, key: str, default: str) -> str:
    value = attrs.get(key, default)
    return value.decode() if isinstance(value, bytes) else str(value)
