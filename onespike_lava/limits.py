"""Every numeric limit of the integer network, named once, with its source."""

from __future__ import annotations

STATE_BITS = 24
"""Signed membrane potential (Loihi 2: 24-bit state)."""

STATE_LIMIT = 2 ** (STATE_BITS - 1)
"""Potentials, biases and thresholds stay strictly below this in magnitude. It also keeps
float32 sums exact in any order, since every partial sum is below 2**24."""

WEIGHT_MAX = 127
"""Largest weight magnitude that the quantiser uses (int8, symmetric)."""

PAYLOAD_MAX = 255
"""Largest graded payload (8 unsigned bits, so that u8 x s8 products serve)."""

PAYLOAD_BITS_MAX = 8
"""Most binary digits of the payload's unit: with 9 even base 2 begins at 256."""

PHASES_MAX = 64
"""Most phases per sample; a phase must fit uint8 codes and the payload table 8 bits."""

STEPS_MAX = 4096
"""Most steps per sample of a network that steps: a stream of 3,000 steps, as N-TIDIGITS has them,
is one sample, so that no state need be carried from one sample to the next."""

TRAINS_MAX = 2**30
"""Most neurons of all layers times steps, of networks that step: the bytes of one sample's trains
where all are recorded."""

FRACTION_BITS_MAX = 8
"""Most fraction bits of timed neurons."""

DELAY_MAX = 62
"""Longest delay of an axon, in steps (Loihi 2)."""

SUM_LIMIT = 2**24
"""Sums of one step's synaptic input stay strictly below this, so that float32 has them all, also
where no proof covers the states."""

INPUT_BITS_MAX = 8
"""Most bits of the binary input code; recorded input codes are uint8."""

GROWTH_EXPONENT = 12
"""Binary digits of the base in membrane weighting."""

FRACTION_BITS = 4
"""Fraction bits of the potential in membrane weighting, fewer where the bound fails."""

WEIGHTINGS = ("graded", "membrane")
"""Where a spike's phase is weighed: in its payload (synapse-based) or by the growth of the
potential (neuron-based), Sec. II-B."""

NEURONS_MAX = 2**24
"""Most neurons of a layer, and most values of a layer with the silent places around it that one
window of a later layer sees. Sizes cost a file nothing, so this is what bounds the memory of a
small one; the largest layer of VGG-16 for ImageNet has 3.2 million."""

ALL_NEURONS_MAX = 2**26
"""Most neurons of all layers together."""

LAYERS_MAX = 2**10
"""Most layers."""

NAME_BYTES_MAX = 1024
"""Longest name of a layer, in bytes of UTF-8."""
