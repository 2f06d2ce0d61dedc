"""The network composed of Lava's own processes alone, exact for graded weighting.

`StockNetwork`, of networks that step `SteppingStockNetwork`, connects the processes, `run` runs
samples through them. The plan is in `onespike_lava.loihi.stock` and `stepping`, the price in
`onespike_lava.loihi.price`; docs/loihi.md explains the composition.

compose  : the processes of each layer
stepping : the same of networks that step
neurons  : its neurons
connect  : synapses of stock parts, delayed where paths differ
relays   : paths longer than the delay of a synapse
run      : samples through it
engine   : the same as engine `stock`
"""

from onespike_lava.processes.stock.compose import StockNetwork
from onespike_lava.processes.stock.run import run
from onespike_lava.processes.stock.stepping import SteppingStockNetwork

__all__ = ["SteppingStockNetwork", "StockNetwork", "run"]
