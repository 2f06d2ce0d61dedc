"""Which networks are such of spike counts."""

from __future__ import annotations

from exporters.finetuning.counting.recoding import STEPS_MAX, at_once
from onespike_lava.errors import UnsupportedError
from onespike_lava.layers import Timed, TimedReadout
from onespike_lava.layers.timed import ONE
from onespike_lava.network import Network

WAY = "give a file that `onespike finetune --code count` wrote"


def check_network(network: Network) -> None:
    """`UnsupportedError` for a network that is none of spike counts; its layers say the rest."""
    if not network.steps or network.input.coding != "once" or network.phases > STEPS_MAX:
        what = "steps otherwise" if network.steps else "does not step"
        raise UnsupportedError(f"finetune: the network {what}; {WAY}")


def require(layer: Timed | TimedReadout, steps: int, plain: bool, other: str) -> None:
    """`UnsupportedError` for neurons that have more than those of spike counts."""
    parts = layer.integration
    leaks = parts.keep_u.any() or (parts.keep_v != ONE).any()
    drives = parts.drive is None or parts.drive.ndim == parts.bias.ndim
    if at_once(layer):
        rests = parts.drive is None
    else:
        rests = bool(((parts.bias >= 0) & (parts.bias < steps)).all())
    found = {
        "its potentials do not only add up": leaks or parts.growth or parts.fraction_bits,
        "its biases enter otherwise": not rests,
        "its drive is of another shape than its start": not drives,
        "its axons have delays": any(each.delay is not None for each in layer.synapses),
        other: not plain,
    }
    if texts := [text for text, holds in found.items() if holds]:
        raise UnsupportedError(f"{layer.name}: {texts[0]}; {WAY}")
