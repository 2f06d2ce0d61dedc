"""Compile time: trained ReLU networks become one-spike `.net` files.

`export` converts a torch module, an ONNX file or an `exporters.graph.Graph`; `convert` also
returns what a caller may compare with: the source network and its one-spike form in reals.
`PAPER` holds the options of the paper's own method, the defaults lose less. `write_nir` and
`read_nir` exchange networks through NIR files; `tune` measures a grid of options.
"""

from exporters.conversion import Conversion, convert
from exporters.export import export
from exporters.nir_file import read_nir, write_nir
from exporters.recipe import PAPER
from exporters.tuning.outcome import Tuning
from exporters.tuning.search import tune

__all__ = ["PAPER", "Conversion", "Tuning", "convert", "export", "read_nir", "tune", "write_nir"]
