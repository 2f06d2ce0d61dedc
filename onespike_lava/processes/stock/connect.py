"""Synapses of the stock composition: Lava's Dense, Sparse, DelaySparse and Conv."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.proc.conv.process import Conv
from lava.proc.dense.process import Dense
from lava.proc.sparse.process import DelaySparse, Sparse
from numpy.typing import NDArray
from scipy.sparse import csr_matrix  # type: ignore[import-untyped]

from onespike_lava.layers import Shape
from onespike_lava.loihi.sizes import Form, form
from onespike_lava.processes.matrices import matrix
from onespike_lava.processes.weights import EXACT, MESSAGE_BITS, doubled

Delay = int | NDArray[np.int64]
"""Steps beyond the synapse's own, of all that is sent or of each input."""


def sparse(weight: Any, *, delay: Delay = 0, shift: int = 0, unary: bool = False) -> Any:
    """Lava's Sparse, `a_out(t + 1) = (weight @ s_in(t)) << shift`; DelaySparse with a delay.

    weight : int8[outputs, inputs], an array or a SciPy sparse matrix
    shift  : bits, negative ones down
    unary  : every spike counts 1, whatever its payload
    """
    values = csr_matrix(doubled(csr_matrix(weight)))
    arguments = shifted(shift)
    if unary:
        arguments["num_message_bits"] = 0
    if not np.any(delay):
        return Sparse(weights=values, **arguments)
    delays = values.copy()
    delays.data = np.broadcast_to(delay, values.shape[1])[values.indices].astype(int)
    most = int(np.max(delay))
    return DelaySparse(weights=values, delays=delays.astype(int), max_delay=most, **arguments)


def connect(
    synapse: Any,
    source: Any,
    shape: Shape,
    target: Any,
    delay: Delay,
    shared: bool,
    shift: int = 0,
) -> Any:
    """Connect flat ports of neurons through a synapse of the network; returns its Process.

    shape  : of the source layer
    shared : a convolution becomes Lava's Conv, with one copy of its kernel, where that can
             express it (no delay, equal padding on both sides, `loihi.sizes.form`), else a Sparse
    shift  : bits by which the sum is shifted up; Lava's Conv holds one, in its even weights
    """
    delayed, taken = np.any(delay), form(synapse, shape)
    if synapse.kind == "dense" and not delayed and not taken.unrolled:
        process = Dense(weights=doubled(synapse.weight), **shifted(shift))
    elif shared and not delayed and shift <= 1 and _conv_holds(taken):
        return _connect_conv(taken.connection, source, shape, target, shift)
    else:
        process = sparse(matrix(synapse, shape), delay=delay, shift=shift)
    source.connect(process.s_in)
    process.a_out.connect(target)
    return process


def shifted(bits: int) -> dict[str, Any]:
    """Arguments of Lava's Dense and Sparse that shift the sum up, or down."""
    return {**EXACT, "weight_exp": EXACT["weight_exp"] + bits}


def _conv_holds(taken: Form) -> bool:
    """Whether Lava's Conv, with one padding per axis, holds a connection in the chip's form."""
    if taken.connection.kind != "conv" or taken.unrolled:
        return False
    top, left, bottom, right = taken.connection.window.padding
    return (top, left) == (bottom, right)


def _connect_conv(synapse: Any, source: Any, shape: Shape, target: Any, shift: int) -> Any:
    """Lava's Conv has axes W, H, C and turns its kernel, as a mathematical convolution does."""
    window = synapse.window
    process = Conv(
        weight=synapse.weight[:, :, ::-1, ::-1].transpose(0, 3, 2, 1).astype(np.int32) << shift,
        input_shape=shape[::-1],
        padding=window.padding[1::-1],
        stride=window.stride[::-1],
        dilation=window.dilation[::-1],
        groups=synapse.groups,
        num_message_bits=MESSAGE_BITS,
    )
    source.reshape(shape).transpose([2, 1, 0]).connect(process.s_in)
    process.a_out.transpose([2, 1, 0]).flatten().connect(target)
    return process
