"""One-spike spiking networks: load a netx file, run it exactly, anywhere.

`load` reads a `.net` file into a `Network`; `Network.run` runs samples on an engine. `models` are
networks ready to run, `Bars` shows how far long work is. A package on top of this one makes such
files from trained networks. Docstrings name equations, sections and tables: those without another
source are from Hwang and Kung (2024), arXiv:2403.08786 (https://arxiv.org/abs/2403.08786).
"""

from typing import TYPE_CHECKING

from onespike_lava.system.lazy import loader
from onespike_lava.version import __version__

if TYPE_CHECKING:
    from onespike_lava import models
    from onespike_lava.engines.result import Run
    from onespike_lava.errors import OneSpikeError, OneSpikeWarning
    from onespike_lava.network import Network
    from onespike_lava.netx import load, save
    from onespike_lava.system.bars import Bars

__all__ = [
    "Bars",
    "Network",
    "OneSpikeError",
    "OneSpikeWarning",
    "Run",
    "__version__",
    "load",
    "models",
    "save",
]

__getattr__ = loader(
    __name__,
    {
        "Bars": "system.bars",
        "Network": "network",
        "OneSpikeError": "errors",
        "OneSpikeWarning": "errors",
        "Run": "engines.result",
        "load": "netx",
        "models": "models",
        "save": "netx",
    },
)
