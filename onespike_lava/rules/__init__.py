"""What makes an integer network valid: one small function per rule, all violations at once.

Every rule is a generator of messages `layer <i> (<name>): <found>, <limit>; <way out>`.

structure : rules of the network as a whole
layers    : rules of layers, stage by stage
synapses  : rules of connections
windows   : rules of kernels that slide
arrays    : types and dimensions
bound     : the proof of 24 bits
"""

from __future__ import annotations

from onespike_lava.errors import InvalidNetworkError
from onespike_lava.model import Model
from onespike_lava.rules.bound import largest_potential, rounding_of, row_sums, sparse_row_sums
from onespike_lava.rules.layers import layer_rules
from onespike_lava.rules.structure import network_rules, unread

__all__ = ["largest_potential", "rounding_of", "row_sums", "sparse_row_sums", "validate"]


def validate(network: Model) -> None:
    """Raise `InvalidNetworkError` with every violation, or return in silence."""
    found = list(network_rules(network)) or list(unread(network.layers))
    found = found or layer_rules(network)  # the rules of layers rely on sound positions
    if found:
        raise InvalidNetworkError(
            text if "; " in text else f"{text}; export the network again" for text in found
        )
