"""The keys of a `.net` file, as data: writer, reader and FORMAT.md all follow this table.

`python -m onespike_lava.netx.schema` prints the table that stands in FORMAT.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

VERSION = 1
"""Version of the format; a reader refuses every other."""

SPIKING, READOUT, INPUT = "ONESPIKE", "ONESPIKE_READOUT", "ONESPIKE_INPUT"
"""Neuron types, none of them one of lava-dl's."""

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
        Key("version", "int32", "[]", f"version of the format, {VERSION}"),
        Key("phases", "int32", "[]", "`T`, phases of a sample"),
        Key("wait", "int32", "[]", "default `T_w`"),
        Key("weighting", "text", "[1]", "`graded` or `membrane`"),
    ),
    "layer": (
        Key("type", "text", "[1]", "`input`, `conv`, `dense`, `sparse` or `pool`"),
        Key("name", "text", "[1]", "unique name, from the source network"),
        Key("shape", "int32", "[n]", "`C, H, W` or `F` (dimensions of one sample)"),
    ),
    "input": (
        Key("neuron/type", "text", "[1]", f"`{INPUT}`"),
        Key("neuron/bits", "int32", "[]", "`T_in`, phases of the binary code"),
        Key("neuron/low", "float64", "[1] or [C]", "value of integer 0"),
        Key("neuron/step", "float64", "[1] or [C]", "value of one integer step"),
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
    "sparse": (
        Key("source", "int32", "[]", "number of the source layer"),
        Key("weight", "int8", "[n]", "entries of the matrix of places, row by row"),
        Key("indices", "int32", "[n]", "source place of each entry, rising in a row"),
        Key("indptr", "int32", "[n]", "`H W + 1` numbers: where rows begin and end"),
        Key("signs", "int8", "[B]", "1 or -1 for each source channel that a channel reads"),
    ),
    "pool": (
        Key("source", "int32", "[]", "number of the source layer"),
        Key("kernel", "int32", "[2]", "rows, columns"),
        *_WINDOW,
    ),
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
    "growth": (
        Key("neuron/growth_mantissa", "int32", "[]", "base of growth times `2**growth_exponent`"),
        Key("neuron/growth_exponent", "int32", "[]", "binary digits of the mantissa"),
        Key("neuron/growth_steps", "int32", "[]", "`S`, steps in which the source can send"),
        Key("neuron/fraction_bits", "int32", "[]", "left shift of the synaptic input"),
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
