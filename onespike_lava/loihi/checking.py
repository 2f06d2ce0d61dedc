"""All rules on a network at once."""

from __future__ import annotations

from onespike_lava.loihi.composition import StockCase, overflows
from onespike_lava.loihi.fit import check_options
from onespike_lava.loihi.limits import LOIHI2
from onespike_lava.loihi.remarks import NOTES, Note
from onespike_lava.loihi.rules import LAYER_RULES, NETWORK_RULES, Case, Violation
from onespike_lava.loihi.sizes import Limits
from onespike_lava.network import Network


def check(
    network: Network,
    *,
    wait: int | None = None,
    chips: int = 1,
    limits: Limits = LOIHI2,
    stock: bool = False,
) -> list[Violation]:
    """Every limit of Loihi 2 that the network exceeds, layer by layer; empty if none.

    wait  : `T_w`, None takes the network's
    chips : chips that the network may take
    stock : also what exceeds the registers of Lava's own neurons, of a network that steps

    Raises `OptionError` for a wait or a number of chips outside its range.
    """
    case = StockCase(network, check_options(network, wait, chips), chips, limits)
    rules = (*LAYER_RULES, *((overflows,) if stock else ()))
    found = [
        violation
        for position in range(len(network.layers))
        for rule in rules
        for violation in rule(case, position)
    ]
    return found + [violation for rule in NETWORK_RULES for violation in rule(case)]


def notes(
    network: Network, *, wait: int | None = None, chips: int = 1, limits: Limits = LOIHI2
) -> list[Note]:
    """What breaks no limit, but is to be known before deployment; arguments as in `check`."""
    case = Case(network, check_options(network, wait, chips), chips, limits)
    return [note for topic in NOTES for note in topic(case)]
