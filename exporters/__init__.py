"""Compile time: trained ReLU networks become one-spike `.net` files.

`export` converts a torch module, an ONNX file or an `exporters.graph.Graph`; `convert` also
returns what a caller may compare with: the source network and its one-spike form in reals.
`PAPER` holds the options of the paper's own method, the defaults lose less. `write_nir` and
`read_nir` exchange networks through NIR files; `tune` measures a grid of options.
"""

from typing import TYPE_CHECKING

from onespike_lava.errors import OURS
from onespike_lava.system.lazy import loader

if TYPE_CHECKING:
    from exporters.conversion import Conversion, convert, export
    from exporters.nir.file import read_nir, write_nir
    from exporters.recipe.options import PAPER
    from exporters.tuning.outcome import Tuning
    from exporters.tuning.search import tune

OURS.add(__name__)

__all__ = ["PAPER", "Conversion", "Tuning", "convert", "export", "read_nir", "tune", "write_nir"]

__getattr__ = loader(
    __name__,
    {
        "PAPER": "recipe.options",
        "Conversion": "conversion",
        "Tuning": "tuning.outcome",
        "convert": "conversion",
        "export": "conversion",
        "read_nir": "nir.file",
        "tune": "tuning.search",
        "write_nir": "nir.file",
    },
)
