"""A network in figures.

figures : of the network and its layers, as JSON-ready values
fields  : those of timed neurons as cells
tables  : all of it as tables for people
"""

from onespike_lava.summary.fields import neurons
from onespike_lava.summary.figures import summary
from onespike_lava.summary.tables import layers, page, weights

__all__ = ["layers", "neurons", "page", "summary", "weights"]
