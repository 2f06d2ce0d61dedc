"""The frozen parts of an integer network: its layers and the synapses between them.

Arrays are read-only and keep the channel-first order of torch: a layer's `shape` is
`(C, H, W)` or `(F,)`, a dense synapse reads a `(C, H, W)` source flattened in that order.
Layers refer to their sources by position in the network. This is plain data: what the
neurons compute stands in `engines`, what makes a network valid in `rules`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Shape = tuple[int, ...]
Integers = NDArray[np.int32]


class Frozen:
    """Read-only arrays and equality by value for the dataclasses below."""

    def __post_init__(self) -> None:
        """Replace every array by a read-only contiguous copy, where it is not one already."""
        for name, value in self._items():
            if isinstance(value, np.ndarray) and not _is_frozen(value):
                copy = np.array(value, order="C")
                copy.flags.writeable = False
                object.__setattr__(self, name, copy)

    def __eq__(self, other: object) -> bool:
        """Whether type and all fields agree, arrays in dtype, shape and every bit."""
        if not isinstance(other, Frozen) or type(self) is not type(other):
            return False
        return all(
            _same(mine, theirs)
            for (_, mine), (_, theirs) in zip(self._items(), other._items(), strict=True)
        )

    __hash__ = None  # type: ignore[assignment]

    def _items(self) -> list[tuple[str, object]]:
        return [(f.name, getattr(self, f.name)) for f in fields(self)]  # type: ignore[arg-type]


def _is_frozen(value: NDArray[np.generic]) -> bool:
    flags = value.flags
    return flags.c_contiguous and flags.owndata and not flags.writeable


def _same(one: object, two: object) -> bool:
    if isinstance(one, np.ndarray) and isinstance(two, np.ndarray):
        return one.dtype == two.dtype and one.shape == two.shape and one.tobytes() == two.tobytes()
    return type(one) is type(two) and bool(one == two)


@dataclass(frozen=True)
class Window:
    """How a kernel slides: convolutions and pools alike.

    stride, dilation : (rows, columns)
    padding          : silent rows and columns (top, left, bottom, right)
    """

    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilation: tuple[int, int] = (1, 1)

    def padded(self, shape: Shape) -> Shape:
        """(C, H, W) with the silent rows and columns."""
        top, left, bottom, right = self.padding
        return (shape[0], shape[1] + top + bottom, shape[2] + left + right)

    def output_size(self, size: Shape, kernel: Shape) -> tuple[int, int]:
        """Rows and columns of the output for an input of `size`; below 1 where none fits."""
        top, left, bottom, right = self.padding
        rows = (size[0] + top + bottom - self.dilation[0] * (kernel[0] - 1) - 1) // self.stride[0]
        columns = (size[1] + left + right - self.dilation[1] * (kernel[1] - 1) - 1) // self.stride[
            1
        ]
        return rows + 1, columns + 1


@dataclass(frozen=True, eq=False)
class Synapse(Frozen):
    """A fixed linear connection from an earlier layer.

    source : position of the source layer in the network
    weight : int8[O, I] dense, or int8[O, I / groups, rows, columns] convolution
    window : stride, padding and dilation of a convolution
    groups : groups of a convolution's channels
    """

    source: int
    weight: NDArray[np.int8]
    window: Window = Window()
    groups: int = 1

    @property
    def kind(self) -> str:
        """`conv` or `dense`."""
        return "conv" if self.weight.ndim == 4 else "dense"

    def output_shape(self, source: Shape) -> Shape:
        """Shape of the layer that this synapse makes from a source of the given shape."""
        if self.kind == "dense":
            return (self.weight.shape[0],)
        size = self.window.output_size(source[1:], self.weight.shape[2:])
        return (self.weight.shape[0], *size)


@dataclass(frozen=True, eq=False)
class Sparse(Frozen):
    """A sparse connection between places, the same for all channels: one matrix of a graph.

    The layer's shape is `(C, places, 1)`, the source has `B * C` channels. Place `i` of channel
    `c` receives, summed over its row's entries `e` and `b = 0 .. B - 1`, `signs[b] * weight[e]`
    times what place `indices[e]` of channel `c * B + b` sends. Signs 1 and -1 read values of
    either sign from pairs of neurons (`A (X W)` of a graph convolution, Sec. IV-D).

    source  : position of the source layer in the network
    weight  : int8[n], the entries row by row
    indices : int32[n], place of the source, its rows and columns in one count, rising in a row
    indptr  : int32[places + 1], row `i` has the entries `indptr[i] <= e < indptr[i + 1]`
    signs   : int8[B], 1 or -1
    """

    source: int
    weight: NDArray[np.int8]
    indices: Integers
    indptr: Integers
    signs: NDArray[np.int8]

    @property
    def kind(self) -> str:
        """`sparse`."""
        return "sparse"

    def output_shape(self, source: Shape) -> Shape:
        """Shape of the layer that this synapse makes from a source of the given shape."""
        return (source[0] // len(self.signs), len(self.indptr) - 1, 1)


Connection = Synapse | Sparse


@dataclass(frozen=True)
class Growth:
    """Growth of the potential per step in membrane weighting, `(V * mantissa + half) >> exponent`.

    fraction_bits : synaptic input enters shifted left by so many bits
    steps         : steps in which the source can still send, `T_src` of Sec. III-B2
    """

    mantissa: int
    exponent: int
    fraction_bits: int
    steps: int

    @property
    def base(self) -> float:
        """The base that the integers realise."""
        return self.mantissa / 2.0**self.exponent


@dataclass(frozen=True, eq=False)
class Input(Frozen):
    """Data in binary code: several spikes a sample, phase `j` worth `2**-j` (Sec. III-A).

    shape : of one sample, (C, H, W) or (F,)
    bits  : phases of the code, `T_in`
    low   : float64[C] or float64[1], the value of integer 0 per channel
    step  : float64[C] or float64[1], the difference of neighbouring integers
    """

    name: str
    shape: Shape
    bits: int
    low: NDArray[np.float64]
    step: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Spiking(Frozen):
    """A layer of phase-coding neurons that spike at most once a sample (Sec. III-C, Alg. 1).

    bias            : int32, the potential at the start of each sample
    threshold_base  : int32, `h`; the threshold of phase `k` is `h * threshold_table[k - 1]`
    threshold_table : int32[T] graded; int32[steps, T] membrane, row `min(T_w + k, steps) - 1`
    payload         : int32[T], what a spike of phase `k` carries (ones in membrane weighting)
    payload_bits    : binary digits of the payload's unit
    base            : `Q` of the phase code that the layer sends
    scale           : float64, one unit of potential in units of the source network
    growth          : None in graded weighting
    max_spikes      : spikes that a neuron may send in a sample, one a phase; with more than
                      one left it spikes at `2 h payload[k - 1]` and subtracts that (soft reset),
                      the threshold table serves the last one (the multi-spike phase code of
                      Sec. II-B that the paper argues from)

    Bias and threshold base have one value per channel `[C]`, per place `[1, H, W]`, or per
    neuron `[C, H, W]`; the scale one per channel or per place.
    """

    name: str
    shape: Shape
    synapses: tuple[Connection, ...]
    bias: Integers
    threshold_base: Integers
    threshold_table: Integers
    payload: Integers
    payload_bits: int
    base: float
    scale: NDArray[np.float64]
    growth: Growth | None = None
    max_spikes: int = 1

    @property
    def sources(self) -> tuple[int, ...]:
        """Positions of the source layers, one per synapse."""
        return tuple(synapse.source for synapse in self.synapses)

    @property
    def most_sent(self) -> int:
        """Largest sum of payloads that a neuron sends in a sample."""
        return int(self.payload[: self.max_spikes].sum())

    @property
    def threshold_range(self) -> tuple[int, int]:
        """Smallest and largest threshold of any neuron, phase and number of spikes left."""
        factors = [int(self.threshold_table.min()), int(self.threshold_table.max())]
        if self.max_spikes > 1:
            factors += [2 * int(self.payload.min()), 2 * int(self.payload.max())]
        low, high = int(self.threshold_base.min()), int(self.threshold_base.max())
        return low * min(factors), high * max(factors)

    @property
    def constant(self) -> NDArray[np.float64]:
        """The normalisation constant `lambda` that the integers realise, float64[C].

        A spike of payload `p` stands for `lambda * p / 2**payload_bits` (Eq. 2). Scales per
        place belong to one constant of the whole layer.
        """
        base = self.threshold_base.reshape(len(self.scale), -1)[:, 0]
        unit = 2.0 ** (self.payload_bits + (self.growth is None))
        grown = 1.0 if self.growth is None else self.growth.base**self.growth.steps
        if self.scale.ndim > 1:
            only = float(self.scale.reshape(-1)[0]) * grown * unit
            return np.full(self.shape[0], self.threshold_base.reshape(-1)[0] * only)
        return base * self.scale * grown * unit


@dataclass(frozen=True, eq=False)
class MaxPool(Frozen):
    """Passes the first spike of each window: the exact maximum of single-spike codes."""

    name: str
    shape: Shape
    source: int
    kernel: tuple[int, int]
    window: Window

    @property
    def sources(self) -> tuple[int, ...]:
        """Position of the source layer."""
        return (self.source,)


@dataclass(frozen=True, eq=False)
class Readout(Frozen):
    """Output neurons that never spike; their last potentials are the scores.

    bias, growth : as in `Spiking`
    scale        : `logit = score * scale`, one number or float64[1, H, W], one per place
    """

    name: str
    shape: Shape
    synapses: tuple[Connection, ...]
    bias: Integers
    scale: float | NDArray[np.float64]
    growth: Growth | None = None

    @property
    def sources(self) -> tuple[int, ...]:
        """Positions of the source layers, one per synapse."""
        return tuple(synapse.source for synapse in self.synapses)


Layer = Input | Spiking | MaxPool | Readout


def code_shape(layer: Layer) -> Shape:
    """Shape of one sample's codes: the layer's, of several spikes `(max_spikes, *shape)`."""
    if isinstance(layer, Spiking) and layer.max_spikes > 1:
        return (layer.max_spikes, *layer.shape)
    return layer.shape


def per_neuron(values: NDArray[np.int32], shape: Shape) -> NDArray[np.int32]:
    """Values per channel, place or neuron, as a read-only view of the layer's shape."""
    if values.shape == shape:
        return values
    if values.ndim == len(shape) > 1:
        return np.broadcast_to(values, shape)
    return np.broadcast_to(values.reshape((-1,) + (1,) * (len(shape) - 1)), shape)
