"""Loihi 2: rules, limits with their sources, the fit on a chip, the stock composition's plan.

limits   : numbers of the chip, each with its source
rules    : what a network breaks, and the way out
remarks  : what breaks no limit but is to be known
checking : rules and remarks of a network
fit      : how much of a chip it takes, and how fast it is
sizes    : layers as the chip takes them: forms of synapses, relays, what they take
stock    : the stock composition, planned
stepping : of networks that step when each layer works, rests and is held down
composition : their stock composition, and what has none
populations : its neurons in Lava's numbers
price    : what they take

Nothing here has run on silicon; docs/loihi.md says what was verified where.
"""

from onespike_lava.loihi.checking import check, notes
from onespike_lava.loihi.fit import Fit, LayerFit, fit
from onespike_lava.loihi.limits import LOIHI2, Limit
from onespike_lava.loihi.remarks import Note
from onespike_lava.loihi.rules import Violation

__all__ = ["LOIHI2", "Fit", "LayerFit", "Limit", "Note", "Violation", "check", "fit", "notes"]
