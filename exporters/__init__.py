"""Compile time: trained networks become `.net` files.

`export` converts a torch module, an ONNX file or an `exporters.graph.Graph`: a ReLU network to
one-spike neurons, a module of SpikingJelly, snnTorch, Norse or sinabs to its own neurons. `convert`
and, for networks that spike, `convert_spiking` also return what a caller may compare with: the
source network and its form in reals. `twin` is an integer network that steps as a torch module.
`PAPER` holds the options of the paper's own method, the defaults lose less. `write_nir` and
`read_nir` exchange networks through NIR files; `tune` measures a grid of options, `finetune` trains
a network on, of one spike or of spike counts.

Docstrings name equations, sections and tables: those without another source are from Hwang and Kung
(2024), arXiv:2403.08786 (https://arxiv.org/abs/2403.08786).
"""

from typing import TYPE_CHECKING

from onespike_lava.errors import OURS
from onespike_lava.system.lazy import loader

if TYPE_CHECKING:
    from exporters.conversion import Conversion, convert, export
    from exporters.finetuning.plan import FineTuned, FineTuning
    from exporters.finetuning.tuning import finetune
    from exporters.nir.file import read_nir, write_nir
    from exporters.recipe.options import PAPER
    from exporters.stepping.conversion import StepConversion, convert_spiking
    from exporters.stepping.twin import twin
    from exporters.tuning.outcome import Tuning
    from exporters.tuning.search import tune

OURS.add(__name__)

__all__ = [
    "PAPER",
    "Conversion",
    "FineTuned",
    "FineTuning",
    "StepConversion",
    "Tuning",
    "convert",
    "convert_spiking",
    "export",
    "finetune",
    "read_nir",
    "tune",
    "twin",
    "write_nir",
]

__getattr__ = loader(
    __name__,
    {
        "PAPER": "recipe.options",
        "Conversion": "conversion",
        "FineTuned": "finetuning.plan",
        "FineTuning": "finetuning.plan",
        "StepConversion": "stepping.conversion",
        "Tuning": "tuning.outcome",
        "convert": "conversion",
        "convert_spiking": "stepping.conversion",
        "export": "conversion",
        "finetune": "finetuning.tuning",
        "read_nir": "nir.file",
        "tune": "tuning.search",
        "twin": "stepping.twin",
        "write_nir": "nir.file",
    },
)
