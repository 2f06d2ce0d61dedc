"""Networks trained to few synapses: which are there is learnt with what they weigh.

rules     : gradient rewiring, Deep R and fixed masks, as optimisers that a `Plan` takes
synapses  : live ones counted, the smallest pruned, what of a file was pruned

`Plan(optimiser=GradR(drift=0.1))` trains by a rule. The names below are loaded when they are used.
"""

from typing import TYPE_CHECKING

from onespike_lava.system.lazy import loader

if TYPE_CHECKING:
    from exporters.training.rewiring.rules import DeepR, GradR, Kept
    from exporters.training.rewiring.synapses import connectivity, live, prune, told

__all__ = ["DeepR", "GradR", "Kept", "connectivity", "live", "prune", "told"]

__getattr__ = loader(
    __name__,
    {
        "DeepR": "rules",
        "GradR": "rules",
        "Kept": "rules",
        "connectivity": "synapses",
        "live": "synapses",
        "prune": "synapses",
        "told": "synapses",
    },
)
