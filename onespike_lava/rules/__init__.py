"""What makes an integer network valid: one small function per rule, all violations at once.

Every rule is a generator of messages `layer <i> (<name>): <found>, <limit>; <way out>`.

structure : rules of the network as a whole
layers    : rules of layers, stage by stage
synapses  : rules of connections
windows   : rules of kernels that slide
arrays    : types and dimensions
timed     : rules of the layers of networks that step
bound     : the proof of 24 bits
recurrence : the same of timed neurons, step by step
"""

from __future__ import annotations

from typing import cast

from onespike_lava.errors import InvalidNetworkError
from onespike_lava.layers import Layer, Timed, TimedReadout
from onespike_lava.model import Model
from onespike_lava.rules import bound
from onespike_lava.rules.bound import rounding_of, row_sums, sparse_row_sums
from onespike_lava.rules.layers import layer_rules
from onespike_lava.rules.recurrence import largest_state
from onespike_lava.rules.structure import network_rules, unread
from onespike_lava.rules.timed import warn_of_states

__all__ = ["largest_potential", "rounding_of", "row_sums", "sparse_row_sums", "validate"]


def validate(network: Model) -> None:
    """Raise `InvalidNetworkError` with every violation, or return in silence."""
    found = list(network_rules(network)) or list(unread(network.layers))
    found = found or layer_rules(network)  # the rules of layers rely on sound positions
    if found:
        raise InvalidNetworkError(
            text if "; " in text else f"{text}; export the network again" for text in found
        )
    warn_of_states(network)


def largest_potential(network: Model, layer: Layer) -> int:
    """Largest magnitude that a state of the layer's neurons can take at any step, for any input."""
    if layer.stepping and layer.synapses:
        return largest_state(network, cast("Timed | TimedReadout", layer))
    return bound.largest_potential(network, layer)
