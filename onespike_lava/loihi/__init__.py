"""Loihi 2: rules, limits with their sources, the fit on a chip, the stock composition's plan.

Nothing here has run on silicon; docs/loihi.md says what was verified where.
"""

from onespike_lava.loihi.checking import check, notes
from onespike_lava.loihi.fit import Fit, LayerFit, fit
from onespike_lava.loihi.limits import LOIHI2, Limit
from onespike_lava.loihi.remarks import Note
from onespike_lava.loihi.rules import Violation

__all__ = ["LOIHI2", "Fit", "LayerFit", "Limit", "Note", "Violation", "check", "fit", "notes"]
