"""The options of a conversion: a new one is declared here, and only here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from exporters.recipe.declaration import (
    BASE,
    NUMBER_OF_LAYER,
    PAIR,
    SWITCH,
    WHOLE,
    WHOLE_OF_LAYER,
    option,
    options,
)
from onespike_lava.limits import WEIGHTINGS

PHASES = (8, 12, 16, 24)
"""`T` of a search where none are given."""

CODE, ACCURACY, INPUT = "Phase code", "Accuracy", "Input"
"""Groups of options in the help."""


@dataclass(frozen=True)
class Options:
    """How a network is converted.

    The defaults are the paper's method with what lost least on training images held out of the
    calibration (`netx_models/evaluate.py`): levels and constants of least squared error,
    weights corrected in closed form and rounded to least error, average pools merged. `PAPER`
    holds the paper's own.

    Equations, sections and tables are those of Hwang and Kung (2024), arXiv:2403.08786.

    phases        : `T`, phases of a sample
    base          : `Q` in (1, 2], or `auto`: the minimum of Eq. 5
    bases         : layer -> a base of its own, base manipulation between layers (Sec. III-B2)
    max_spikes    : spikes that a neuron may send in a sample: 1, the method's claim; more are the
                    phase code that it is measured against (soft reset, graded weighting)
    spikes        : layer -> a limit of its own
    wait          : default `T_w`, None for `T`
    payload_bits  : binary digits of the unit of a graded spike
    weighting     : `graded` (synapse-based) or `membrane` (neuron-based), Sec. II-B
    normalisation : constant of a channel: `max`, its largest activation (Eq. 2), `p99.9`, the
                    value that 99.9 % do not exceed, or `mse`, of least squared coding error
    scale         : one constant per `channel` (convolutions) or per `layer`
    levels        : `base`, `Q**-k` as in the paper, `data`, of least squared error over the
                    layer's activations (graded weighting), `auto`, `data` unless a base is given
    correct       : what makes up for the coding error, in closed form: `none`, `bias`, `weights`
    rounding      : of weights to int8: `nearest`, or to the `least` squared error of their sum,
                    later weights of a neuron making up for earlier ones
    shift         : threshold shift (Sec. III-B1)
    input_bits    : `T_in`, bits of the binary input code, None for min(8, T)
    input_range   : (low, high) of the input, None for the grid that the calibration data show
    input_coding  : `binary`, or `single`: one spike for an input value too (Table VII)
    double        : values that two neurons carry, whose codes interleave to one of `2 T` levels:
                    `none`, those of the residual `stream` (values that several layers or a skip
                    read, sums with skips), or `all`
    pool          : average pools `own` their neurons as in the paper, or `merge` into what follows,
                    where that then reads at most 8,192 values
    """

    phases: int = option(
        16,
        WHOLE,
        metavar="T",
        help="Phases in which a neuron may spike for a sample.",
        group=CODE,
        axis=f"Phases T.  [default: {','.join(map(str, PHASES))}]",
    )
    base: float | str = option(
        "auto",
        BASE,
        metavar="Q",
        help="Base of the levels, above 1 and at most 2. auto: of the least error by Eq. 5 of the "
        "paper.",
        group=CODE,
        axis="Bases Q, above 1 and at most 2, or auto.",
    )
    bases: Mapping[str, float] = option(
        {},
        NUMBER_OF_LAYER,
        flag="layer-base",
        metavar="LAYER=Q",
        help="Base of one layer. May be given for several.",
        group=CODE,
    )
    max_spikes: int = option(
        1,
        WHOLE,
        metavar="N",
        help="Spikes that a neuron may send for a sample. More than 1 is there to compare with.",
        group=CODE,
        axis="Spikes that a neuron may send for a sample.",
    )
    spikes: Mapping[str, int] = option(
        {},
        WHOLE_OF_LAYER,
        flag="layer-spikes",
        metavar="LAYER=N",
        help="The same for one layer. May be given for several.",
        group=CODE,
    )
    wait: int | None = option(
        None,
        WHOLE,
        metavar="T_w",
        help="Phases for which a layer waits before it fires, unless a run says otherwise.  "
        "[default: T]",
        group=CODE,
        axis=None,
    )
    payload_bits: int = option(
        8, WHOLE, metavar="F", help="Binary digits of a spike's payload.", group=CODE
    )
    weighting: str = option(
        "graded",
        choices=WEIGHTINGS,
        help="graded: spikes carry payloads. membrane: potentials grow, as in the paper.",
        group=CODE,
        axis="graded, membrane.",
    )
    normalisation: str = option(
        "mse",
        choices=("max", "p99.9", "mse"),
        open=True,
        help="What a level of 1 stands for: the largest activation, the value that 99.9 % do not "
        "exceed, or the value of the least squared coding error.  [default: mse]",
        group=ACCURACY,
        axis="max, p99.9, mse.",
        provenance="normalisation",
        paper="max",
    )
    scale: str = option(
        "channel",
        choices=("channel", "layer"),
        open=True,
        help="One such constant for each channel or for each layer.  [default: channel; of graph "
        "networks layer]",
        group=ACCURACY,
        axis="channel, layer.",
        provenance="normalisation",
    )
    levels: str = option(
        "auto",
        choices=("auto", "base", "data"),
        open=True,
        help="Levels as powers of the base, or fitted to the calibration samples. auto: fitted "
        "unless a base is given.  [default: auto]",
        group=CODE,
        axis="auto, base, data.",
        provenance="levels",
        paper="base",
    )
    correct: str = option(
        "weights",
        choices=("none", "bias", "weights"),
        open=True,
        help="What is changed, without training, to make up for the coding error.  [default: "
        "weights]",
        group=ACCURACY,
        axis="none, bias, weights.",
        provenance="correction",
        paper="none",
    )
    rounding: str = option(
        "least",
        choices=("nearest", "least"),
        open=True,
        help="How weights are rounded to int8: each to the nearest, or to the least squared error "
        "of their sum.  [default: least]",
        group=ACCURACY,
        axis="nearest, least.",
        provenance="rounding",
    )
    shift: bool = option(
        True,
        SWITCH,
        help="Turn the threshold shift off (Sec. III-B1 of the paper).",
        group=CODE,
        axis="Threshold shift: on, off.",
        provenance="threshold_shift",
    )
    double: str = option(
        "none",
        choices=("none", "stream", "all"),
        help="Values that two neurons carry, for half the coding error: none, those that several "
        "layers or a skip read and sums with skips (stream), or all.  [default: none]",
        group=ACCURACY,
        axis="none, stream, all.",
        provenance="double",
        silent=True,
        open=True,
    )
    input_bits: int | None = option(
        None,
        WHOLE,
        metavar="B",
        help="Bits of the binary input code.  [default: 8, at most T]",
        group=INPUT,
        axis="Bits of the binary input code.",
    )
    input_range: tuple[float, float] | None = option(
        None,
        PAIR,
        metavar="LO,HI",
        help="Least and largest value of the input.  [default: as the calibration samples show]",
        group=INPUT,
    )
    input_coding: str = option(
        "binary",
        choices=("binary", "single"),
        help="binary: a spike for each bit of a value. single: one spike for a value.",
        group=INPUT,
        axis="binary, single.",
        provenance="input_coding",
    )
    pool: str = option(
        "merge",
        choices=("own", "merge"),
        help="Average pools get neurons of their own, as in the paper, or merge into what follows.",
        group=ACCURACY,
        axis="own, merge.",
        provenance="average_pool",
    )


OPTIONS = options(Options)

CHOICES = {each.name: each.choices for each in OPTIONS if each.choices}
"""Values of the options that are words."""

PAPER: Mapping[str, str] = MappingProxyType(
    {each.name: each.paper for each in OPTIONS if each.paper is not None}
)
"""Options of the paper's own method; the defaults of `Recipe` lose less on held-out data.

How weights are rounded to int8 the paper leaves open, so `rounding` is not among them.
"""
