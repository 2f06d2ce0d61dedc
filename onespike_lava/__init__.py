"""One-spike spiking networks: load a netx file, run it exactly, anywhere.

`load` reads a `.net` file into a `Network`; `Network.run` runs samples on an engine.
`exporters` (a package beside this one) makes such files from trained ReLU networks.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from onespike_lava.version import __version__

if TYPE_CHECKING:
    from onespike_lava.engines.result import Run
    from onespike_lava.errors import OneSpikeError
    from onespike_lava.network import Network
    from onespike_lava.netx import load, save

__all__ = ["Network", "OneSpikeError", "Run", "__version__", "load", "save"]

_HOMES = {
    "Network": "network",
    "OneSpikeError": "errors",
    "Run": "engines.result",
    "load": "netx",
    "save": "netx",
}


def __getattr__(name: str) -> Any:
    """A public name, loaded when it is first used: the command line answers without NumPy."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
