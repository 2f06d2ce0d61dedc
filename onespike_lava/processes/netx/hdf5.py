"""The module name that users of `lava.lib.dl.netx` know: `hdf5.Network(net_config=...)`."""

from onespike_lava.processes.netx.process import Network

__all__ = ["Network"]
