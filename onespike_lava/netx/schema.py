"""The keys of a `.net` file, as data: writer, reader and FORMAT.md all follow this table.

`python -m onespike_lava.netx.schema` prints the table that stands in FORMAT.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

VERSIONS = (1, 2)
"""Versions of the format, of networks of phase code and of networks that step; a reader refuses
every other. A network is written in the first that can say it."""

SPIKING, READOUT, INPUT = "ONESPIKE", "ONESPIKE_READOUT", "ONESPIKE_INPUT"
TIMED, TIMED_READOUT = "TIMED", "TIMED_READOUT"
"""Neuron types, none of them one of lava-dl's."""

JOINED_FROM = 5
"""Connections of a layer from which on they are written as one, where they are alike: what reads
a concatenation has one for each of its parts."""

PROVENANCE_KEY = re.compile(r"[a-z][a-z0-9_]{0,63}")
"""What a key below `onespike/provenance` looks like."""


@dataclass(frozen=True)
class Key:
    """One dataset: its name in the group, type, dimensions and meaning.

    dtype : a NumPy type name, or `text` (UTF-8, one fixed-length string)
    shape : the dimensions in words; alternatives joined with `or`
    """

    name: str
    dtype: str
    shape: str
    meaning: str

    @property
    def ranks(self) -> tuple[int, ...]:
        """Numbers of dimensions that the key may have."""
        return tuple(
            0 if form == "[]" else form.count(",") + 1 for form in self.shape.split(" or ")
        )


_WINDOW = (
    Key("stride", "int32", "[2]", "rows, columns"),
    Key("padding", "int32", "[4]", "silent top, left, bottom, right"),
    Key("dilation", "int32", "[2]", "rows, columns"),
)

_NEURONS = "[C] or [1, H, W] or [C, H, W]"
_BIAS = Key("bias", "int32", _NEURONS, "potential at the start of each sample")

SECTIONS: Mapping[str, tuple[Key, ...]] = {
    "file": (
        Key("version", "int32", "[]", "version of the format, 1 or 2"),
        Key("phases", "int32", "[]", "`T`, phases of a sample"),
        Key("wait", "int32", "[]", "default `T_w`"),
        Key("weighting", "text", "[1]", "`graded` or `membrane`"),
    ),
    "proven": (Key("proven", "int32", "[]", "0: states may leave 24 bits, runs check them"),),
    "layer": (
        Key("type", "text", "[1]", "`input`, `conv`, `dense`, `sparse`, `pool` or `sum`"),
        Key("name", "text", "[1]", "unique name, from the source network"),
        Key("shape", "int32", "[n]", "`C, H, W` or `F` (dimensions of one sample)"),
    ),
    "input": (
        Key("neuron/type", "text", "[1]", f"`{INPUT}`"),
        Key("neuron/bits", "int32", "[]", "`T_in`, phases of the binary code"),
        Key("neuron/low", "float64", "[1] or [C]", "value of integer 0"),
        Key("neuron/step", "float64", "[1] or [C]", "value of one integer step"),
    ),
    "coding": (
        Key("neuron/coding", "text", "[1]", "`constant`, `once`, `latency` or `events`; see below"),
    ),
    "view": (
        Key("neuron/sample", "int32", "[n]", "shape of a sample from outside"),
        Key("neuron/axes", "int32", "[n]", "its axes in the order that makes `shape`"),
    ),
    "conv": (
        Key("source", "int32", "[]", "number of the source layer"),
        Key("weight", "int8", "[O, I, kH, kW]", "kernel, `I` channels per group, as in torch"),
        *_WINDOW,
        Key("groups", "int32", "[]", "groups of channels"),
    ),
    "dense": (
        Key("source", "int32", "[]", "number of the source layer"),
        Key("weight", "int8", "[O, I]", "matrix; reads the source in C, H, W order"),
    ),
    "joined conv": (
        Key("sources", "int32", "[n]", "numbers of the source layers, one behind the other"),
        Key("weight", "int8", "[O, I, kH, kW]", "kernel, `I` channels of all sources"),
        *_WINDOW,
    ),
    "joined dense": (
        Key("sources", "int32", "[n]", "numbers of the source layers, one behind the other"),
        Key("weight", "int8", "[O, I]", "matrix, `I` neurons of all sources"),
    ),
    "sparse": (
        Key("source", "int32", "[]", "number of the source layer"),
        Key("weight", "int8", "[n]", "entries of the matrix of places, row by row"),
        Key("indices", "int32", "[n]", "source place of each entry, rising in a row"),
        Key("indptr", "int32", "[n]", "`H W + 1` numbers: where rows begin and end"),
        Key("signs", "int8", "[B]", "1 or -1 for each source channel that a channel reads"),
    ),
    "pruned": (
        Key("weight", "int8", "[n]", "of `conv` or `dense`: weights that live, in their order"),
        Key("weight_shape", "int32", "[n]", "dimensions with those that were pruned"),
        Key("weight_live", "int8", "[n]", "a bit for each weight: 1 where it lives; see below"),
    ),
    "delay": (
        Key("delay", "int32", "[1] or [C] or [C, H, W]", "steps of each source's axon, 0 .. 62"),
    ),
    "pool": (
        Key("source", "int32", "[]", "number of the source layer"),
        Key("kernel", "int32", "[2]", "rows, columns"),
        *_WINDOW,
    ),
    "sum": (Key("sources", "int32", "[n]", "numbers of the layers that are added"),),
    "spiking": (
        _BIAS,
        Key("neuron/type", "text", "[1]", f"`{SPIKING}`"),
        Key("neuron/threshold_base", "int32", _NEURONS, "`h`, threshold `h * table`"),
        Key("neuron/threshold_table", "int32", "[T] or [S, T]", "factor of each phase; see below"),
        Key("neuron/payload", "int32", "[T]", "value of a spike per phase"),
        Key("neuron/payload_bits", "int32", "[]", "binary digits of the payload's unit"),
        Key("neuron/base", "float64", "[]", "`Q` of the layer's code"),
        Key(
            "neuron/scale",
            "float64",
            "[C] or [1, H, W]",
            "source units per unit of potential",
        ),
    ),
    "several": (
        Key("neuron/max_spikes", "int32", "[]", "spikes of a neuron per sample, if more than one"),
    ),
    "readout": (
        _BIAS,
        Key("neuron/type", "text", "[1]", f"`{READOUT}`"),
        Key("neuron/scale", "float64", "[] or [1, H, W]", "logit per unit of score"),
    ),
    "blocks": (Key("neuron/blocks", "int32", "[2]", "rows, columns that lie in channels"),),
    "growth": (
        Key("neuron/growth_mantissa", "int32", "[]", "base of growth times `2**growth_exponent`"),
        Key("neuron/growth_exponent", "int32", "[]", "binary digits of the mantissa"),
        Key("neuron/growth_steps", "int32", "[]", "`S`, steps in which the source can send"),
    ),
    "shift": (Key("neuron/fraction_bits", "int32", "[]", "left shift of the synaptic input"),),
    "integration": (
        _BIAS,
        Key("neuron/iDecay", "int32", "[1] or [C]", "what the current loses of 4096 in a step"),
        Key("neuron/vDecay", "int32", "[1] or [C]", "what the potential loses of 4096 in a step"),
        Key("neuron/rounding", "text", "[1]", "of what is left: `floor`, `ceil` or `zero`"),
    ),
    "drive": (Key("neuron/drive", "int32", _NEURONS, "added to the potential in every step"),),
    "firing": (
        Key("neuron/threshold_base", "int32", _NEURONS, "threshold `base * table`"),
        Key("neuron/threshold_table", "int32", "[1] or [T] or [S, T]", "factor of each phase"),
        Key("neuron/reset", "text", "[1]", "`keep`, `zero`, `subtract` or `level`; see below"),
        Key("neuron/payload", "int32", "[1] or [T]", "value of a spike per phase"),
        Key("neuron/max_spikes", "int32", "[]", "steps of a sample that may fire, 0 for all"),
        Key("neuron/max_count", "int32", "[]", "most spikes of a step"),
    ),
    "reset_base": (Key("neuron/reset_base", "int32", _NEURONS, "amount `base * table`"),),
    "reset_table": (Key("neuron/reset_table", "int32", "[1] or [T]", "factor of each phase"),),
    "floor": (Key("neuron/floor", "int32", _NEURONS, "least potential after each step"),),
    "timed": (
        Key("neuron/type", "text", "[1]", f"`{TIMED}`"),
        Key("neuron/scale", "float64", "[C] or [1, H, W]", "source units per unit of potential"),
    ),
    "timed readout": (
        Key("neuron/type", "text", "[1]", f"`{TIMED_READOUT}`"),
        Key("neuron/scale", "float64", "[] or [1, H, W]", "logit per unit of score"),
        Key("neuron/take", "text", "[1]", "`last`, `sum` or `maximum` of the potentials"),
        Key("neuron/group", "int32", "[]", "neighbouring outputs whose scores are added"),
    ),
}
"""Sections of the file; `FORMAT.md` says which stand where."""


def table() -> str:
    """The key table of FORMAT.md, in Markdown."""
    lines = ["| section | key | type | dimensions | meaning |", "|---|---|---|---|---|"]
    for section, keys in SECTIONS.items():
        for key in keys:
            cells = (section, f"`{key.name}`", key.dtype, f"`{key.shape}`", key.meaning)
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())  # noqa: T201
