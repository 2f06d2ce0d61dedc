"""Graph convolutional networks as one-spike networks (Sec. IV-D).

conversion : from a torch module and its adjacency to network and file
source     : such a network as data
chain      : what it computes step by step, and its layers in normal form
tracing    : front end for torch modules over graphs
table      : the operations of torch that it knows
pyg        : PyTorch Geometric's `GCNConv`
quantize   : from source and codes to an integer network
integers   : integers of a layer whose rows all stand for one constant
files      : adjacency in, features out
"""

from typing import TYPE_CHECKING

from onespike_lava.system.lazy import loader

if TYPE_CHECKING:
    from exporters.gcn.conversion import DEFAULTS, GraphConversion, convert, export, read

__all__ = ["DEFAULTS", "GraphConversion", "convert", "export", "read"]

__getattr__ = loader(__name__, dict.fromkeys(__all__, "conversion"))
