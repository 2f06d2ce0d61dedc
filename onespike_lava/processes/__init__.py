"""Lava Processes of the one-spike network, and a runner that cannot hang.

This package is the only door to Lava: importing it imports `lava`, and raises
`MissingPartError` where that is not installed. Every Process stands in a sub-package of its
own, since Lava's model discovery executes each module beside a Process.

`OneSpikeNetwork` runs a whole `Network`; `Encoder`, `Conv`, `Dense`, `Sparse`,
`Aggregate`, `OneSpike`, `Timed`, `Pool`, `Relay`, `Delay`, `Readout`, `TimedReadout` and `Probe`
are its parts, of use in any Lava network (`graph` connects them to a network of Blocks, `weights`
are theirs, `matrices` these unrolled, `constants` those of timed neurons); `engine` is
engine `lava`, `leaf` all layers in one model; `runner.session.Session` runs such a network under
guard; `learning` has Processes that learn; `netx.hdf5.Network` has the interface of lava-dl.
"""

import sys

from onespike_lava.processes.runner.children import lava_import
from onespike_lava.system.parts import need

if "lava.magma.runtime.message_infrastructure.multiprocessing" not in sys.modules:
    with lava_import():
        need(
            "lava.magma.runtime.runtime",
            "engine lava",
            extra="lava",
            title="lava-nc",
            way="install it with `pip install 'onespike-lava[lava]'` on Python 3.10, or take "
            "another engine",
        )

from onespike_lava.processes.aggregate.process import Aggregate
from onespike_lava.processes.conv.process import Conv
from onespike_lava.processes.delay.process import Delay
from onespike_lava.processes.dense.process import Dense
from onespike_lava.processes.encoder.process import Encoder
from onespike_lava.processes.network.process import OneSpikeNetwork
from onespike_lava.processes.neuron.process import OneSpike
from onespike_lava.processes.pool.process import Pool
from onespike_lava.processes.probe.process import Probe
from onespike_lava.processes.readout.process import Readout
from onespike_lava.processes.relay.process import Relay
from onespike_lava.processes.sparse.process import Sparse
from onespike_lava.processes.timed.process import Timed
from onespike_lava.processes.timed_readout.process import TimedReadout

__all__ = [
    "Aggregate",
    "Conv",
    "Delay",
    "Dense",
    "Encoder",
    "OneSpike",
    "OneSpikeNetwork",
    "Pool",
    "Probe",
    "Readout",
    "Relay",
    "Sparse",
    "Timed",
    "TimedReadout",
]
