"""Networks as NIR files, exactly, what other tools will not read in them, and others' files.

NIR (Neuromorphic Intermediate Representation, Pedersen et al. 2024) names connections and
neurons that many tools share. It has no steps, no resets but to a value, no counts, no codes and
no thresholds that change with time, so all of a network stands in the metadata of its nodes,
under the keys of FORMAT.md.
"""

from __future__ import annotations

import os
from io import BytesIO
from typing import Any

from exporters.nir import bounds
from exporters.nir.bounds import AGAIN
from exporters.nir.remarks import remarks
from exporters.nir.units import Units
from onespike_lava.errors import (
    FormatError,
    InvalidNetworkError,
    OneSpikeError,
    OptionError,
    UnsupportedError,
)
from onespike_lava.network import Network
from onespike_lava.system.files import keep_inputs, read_bytes, write_atomic
from onespike_lava.system.parts import need

__all__ = ["read_nir", "remarks", "write_nir"]


def write_nir(
    network: Network,
    path: str | os.PathLike[str],
    *,
    dt: float | None = None,
    if_r: str | None = None,
) -> list[str]:
    """Write the network to a NIR file, atomically.

    dt   : seconds of a step, of a network that steps; None for 0.0001
    if_r : what `r` of its IF and I nodes is, the gain in a `second` (as in NIR's equations, 1 / dt)
           or in a `step` (1, as some tools have it); None for `second`

    Returns what tools that read the NIR nodes alone will not know, one line a feature
    (`remarks`). Raises `UnsupportedError` where NIR would need matrices or a file too large,
    `MissingPartError` without the package nir, `DataError` where the file cannot be written,
    `OptionError` where a file of another kind is there, such as the `.net` file, and for a step
    that is none or of a network that has none.
    """
    keep_inputs({"path": (path, ".nir")}, {})
    units = _units(network, dt, if_r)
    nir = _nir(path)
    from exporters.nir.nodes import to_graph

    found = remarks(network, units)
    buffer = BytesIO()
    try:
        nir.write(buffer, to_graph(network, "\n".join(found), units))
        bounds.check(buffer.getvalue())  # else nobody could read it
    except OneSpikeError as error:
        raise UnsupportedError(f"{path}: {error}") from None
    write_atomic(path, buffer.getvalue())
    return found


def read_nir(path: str | os.PathLike[str]) -> Network:
    """The network in a NIR file that `write_nir` wrote; equal to the one written.

    Every node is compared with what the network's own nodes would be, so that a file another
    tool has changed is refused and not half believed. Raises `FormatError` for such files and
    for NIR graphs without one-spike parameters, `InvalidNetworkError` for a network that
    breaks a rule, `DataError` where there is no readable file, `MissingPartError`.
    """
    nir = _nir(path)
    content = read_bytes(path, bounds.FILE_LIMIT)
    try:
        bounds.check(content)
        return _network(nir.read(BytesIO(content), type_check=False))
    except InvalidNetworkError as error:
        raise InvalidNetworkError(f"{path}: {text}" for text in error.violations) from None
    except OneSpikeError as error:
        raise FormatError(f"{path}: {error}") from None
    except Exception as error:  # h5py and nir raise nearly everything
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise FormatError(f"{path}: not a sound NIR file ({reason}); {AGAIN}") from None


def _nir(path: str | os.PathLike[str]) -> Any:
    return need("nir.ir", str(path), extra="nir")


def _units(network: Network, dt: float | None, if_r: str | None) -> Units:
    given = {name: value for name, value in (("dt", dt), ("if_r", if_r)) if value is not None}
    if given and not network.steps:
        raise OptionError(
            f"{', '.join(given)}: a one-spike network has phases, not steps; leave out"
        )
    return Units(**given)  # type: ignore[arg-type]


def _network(graph: Any) -> Network:
    from exporters.nir import own

    if not own.is_own(graph):
        kinds = ", ".join(sorted({type(node).__name__ for node in graph.nodes.values()}))
        raise FormatError(
            f"a NIR graph without one-spike parameters (nodes: {kinds or 'none'}): it lacks "
            "thresholds and payloads per phase, wait and input code; export the source network "
            "with onespike export"
        )
    return own.to_network(graph)
