"""The network composed of Lava's own processes alone, exact for graded weighting.

`StockNetwork` connects the processes, `run` runs samples through them. The plan is in
`onespike_lava.loihi.stock`, the price in `onespike_lava.loihi.price`; docs/loihi.md explains
the composition.

compose : the processes of each layer
connect : synapses of stock parts, delayed where paths differ
run     : samples through it
"""

from onespike_lava.processes.stock.compose import StockNetwork
from onespike_lava.processes.stock.run import run

__all__ = ["StockNetwork", "run"]
