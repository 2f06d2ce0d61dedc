"""The `.net` file: lava-dl's netx layout with one-spike neurons. FORMAT.md is normative.

schema : its keys, as data
tree   : a network as paths and arrays
parse  : paths and arrays as a network
pruned : weights of connections that were pruned
joined : many alike connections of a layer as one
writer : to HDF5, beside and renamed
reader : from HDF5, with limits
heap   : texts of any length, which lava-dl writes
lavadl : plain files of lava-dl, networks of LIF neurons
"""

from onespike_lava.netx.reader import from_bytes, load
from onespike_lava.netx.writer import save, save_lava_dl, to_bytes

__all__ = ["from_bytes", "load", "save", "save_lava_dl", "to_bytes"]
