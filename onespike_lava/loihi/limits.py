"""What Loihi 2 holds, as far as it is public: every number once, with its source.

`python -m onespike_lava.loihi.limits` prints the tables that stand in docs/loihi.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """One number of the chip or of the Lava Process that stands for it.

    number    : the largest value allowed
    unit      : of what
    source    : where it is public
    secondary : whether the source passes on what another one says
    """

    number: float
    unit: str
    source: str
    secondary: bool = False

    @property
    def mark(self) -> str:
        """` (secondary source)` or nothing."""
        return " (secondary source)" if self.secondary else ""


BRIEF = (
    "Intel, Taking Neuromorphic Computing to the Next Level with Loihi 2 (technology brief, "
    "2021), as cited in docs/loihi2.md of github.com/SLAM-Lab/SANA-FE"
)
OPEN = "open-neuromorphic.org, Loihi 2 - Intel"
NENGO = "nengo-loihi, nengo_loihi/block.py (MAX_IN_AXONS)"
LAVA = "lava-nc 0.10.0, "

LOIHI2: Mapping[str, Limit] = {
    "weight_bits": Limit(8, "bits, sign included", LAVA + "lava.proc.dense.models (clip_weights)"),
    "state_bits": Limit(24, "bits, signed", LAVA + "lava.proc.lif.models (uv_bitwidth)"),
    "threshold_bits": Limit(
        24, "bits, signed", LAVA + "lava.proc.prodneuron.models (precision of vth)"
    ),
    "lif_threshold_bits": Limit(17, "bits, unsigned", LAVA + "lava.proc.lif.models (vth)"),
    "lif_input_bits": Limit(16, "bits, signed", LAVA + "lava.proc.lif.models (a_in)"),
    "atrlif_threshold_bits": Limit(
        12, "bits, unsigned", LAVA + "lava.proc.atrlif.models (theta_0)"
    ),
    "bias_mantissa_bits": Limit(13, "bits, signed", LAVA + "lava.proc.lif.models (bias_mant)"),
    "bias_exponent": Limit(7, "bits of shift", LAVA + "lava.proc.lif.models (bias_exp)"),
    "current_keep": Limit(4095, "of 4096 a step", LAVA + "lava.proc.lif.models (du, ds_offset)"),
    "lif_fraction_bits": Limit(6, "bits", LAVA + "lava.proc.lif.models (act_shift, vth_shift)"),
    "payload_bits": Limit(24, "bits, signed", LAVA + "lava.proc.prodneuron.models (s_out)"),
    "packed_bits": Limit(8, "bits", LAVA + "lava.proc.io.encoder (Compression.PACKED_4)"),
    "delay": Limit(63, "steps (6 bits)", LAVA + "lava.proc.dense.models (DelayDense)"),
    "conv_groups": Limit(127, "groups (int8)", LAVA + "lava.proc.conv.models (groups)"),
    "conv_geometry": Limit(
        127, "rows or columns (int8)", LAVA + "lava.proc.conv.models (stride, padding, dilation)"
    ),
    "cores": Limit(128, "neuromorphic cores per chip", BRIEF, secondary=True),
    "core_neurons": Limit(8192, "neurons per core", BRIEF, secondary=True),
    "core_bytes": Limit(192 * 1024, "bytes of memory per core", BRIEF, secondary=True),
    "core_synapse_bytes": Limit(
        128 * 1024, "bytes of synaptic memory per core", BRIEF, secondary=True
    ),
    "chip_neurons": Limit(1_000_000, "neurons per chip", OPEN, secondary=True),
    "chip_synapses": Limit(120_000_000, "synapses per chip", OPEN, secondary=True),
    "input_axons": Limit(4096, "input axons per core, of the first Loihi", NENGO, secondary=True),
    "chip_payload_bits": Limit(32, "bits of a graded spike", OPEN, secondary=True),
}
"""Name -> limit."""

SHORTEST_STEP = Limit(0.2, "microseconds, the shortest step of a chip", BRIEF, secondary=True)
"""A lower bound: what a network needs depends on its busiest core and is not public."""

UNKNOWN: Mapping[str, str] = {
    "fan-in and fan-out of a core": "entries of the input and output routing tables",
    "packing of synapses": "bits of header, alignment and compression in synaptic memory",
    "bits of state and parameters per neuron": "how microcode variables share the core's memory",
    "microcode": "registers, width of products, instructions per neuron and step",
    "sharing of kernels": "which convolutions keep one copy of a kernel, and per how many cores",
    "step time of a network": "depends on the busiest core and link; measure it on the chip",
    "rounding of weight exponents": "whether a negative exponent floors or truncates",
}
"""What no public source tells; nothing here is estimated from it."""


def table() -> str:
    """The table of limits in Markdown."""
    lines = ["| limit | number | of | source | secondary |", "|---|---|---|---|---|"]
    for name, limit in [*LOIHI2.items(), ("shortest_step", SHORTEST_STEP)]:
        mark = "yes" if limit.secondary else ""
        lines.append(f"| {name} | {limit.number:,} | {limit.unit} | {limit.source} | {mark} |")
    return "\n".join(lines)


def unknown_table() -> str:
    """The table of what is not public, in Markdown."""
    lines = ["| not public | what it would tell |", "|---|---|"]
    return "\n".join(lines + [f"| {name} | {text} |" for name, text in UNKNOWN.items()])


if __name__ == "__main__":
    print(f"{table()}\n\n{unknown_table()}")  # noqa: T201
