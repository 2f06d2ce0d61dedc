"""Compile time: trained ReLU networks become one-spike `.net` files.

`export` converts a torch module, an ONNX file or an `exporters.graph.Graph`; `convert` also
returns what a caller may compare with: the source network and its one-spike form in reals.
`PAPER` holds the options of the paper's own method, the defaults lose less. `write_nir` and
`read_nir` exchange networks through NIR files; `tune` measures a grid of options.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exporters.choices import PAPER
    from exporters.conversion import Conversion, convert, export
    from exporters.nir_file import read_nir, write_nir
    from exporters.tuning.outcome import Tuning
    from exporters.tuning.search import tune

__all__ = ["PAPER", "Conversion", "Tuning", "convert", "export", "read_nir", "tune", "write_nir"]

_HOMES = {
    "PAPER": "choices",
    "Conversion": "conversion",
    "Tuning": "tuning.outcome",
    "convert": "conversion",
    "export": "conversion",
    "read_nir": "nir_file",
    "tune": "tuning.search",
    "write_nir": "nir_file",
}


def __getattr__(name: str) -> Any:
    """A public name, loaded when it is first used: the command line answers without NumPy."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
