"""The `.net` file: lava-dl's netx layout with one-spike neurons. FORMAT.md is normative."""

from onespike_lava.netx.reader import from_bytes, load
from onespike_lava.netx.writer import save, to_bytes

__all__ = ["from_bytes", "load", "save", "to_bytes"]
