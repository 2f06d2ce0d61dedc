"""Networks as NIR files, exactly, what other tools will not read in them, and others' files.

NIR (Neuromorphic Intermediate Representation, Pedersen et al. 2024) names connections and
neurons that many tools share. It has no steps, no resets but to a value, no counts, no codes and
no thresholds that change with time, so all of a network stands in the metadata of its nodes,
under the keys of FORMAT.md.
"""

from __future__ import annotations

import os
from io import BytesIO
from typing import TYPE_CHECKING, Any

import h5py

from exporters.nir import bounds
from exporters.nir.foreign.assumptions import Assumptions
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

if TYPE_CHECKING:
    from exporters.nir.foreign.weights import Quantiser

__all__ = ["Assumptions", "read", "read_nir", "remarks", "write_nir"]


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


def read_nir(
    path: str | os.PathLike[str],
    *,
    int8: bool = False,
    steps: int | None = None,
    dt: float | None = None,
    reset: str | None = None,
    spikes: str | int | None = None,
    floor: float | None = None,
    if_r: str | None = None,
    take: str | None = None,
    input_bits: int | None = None,
) -> Network:
    """The network in a NIR file: equal to the one written, or that of another tool's nodes.

    int8  : round the weights of another tool's file to int8, a unit for each channel; else they
            must be int8 times one number already

    The others are what NIR does not say, for another tool's file alone; see `Assumptions`. What was
    assumed stands in the network's provenance.

    steps  : of a sample
    dt     : seconds of a step
    reset  : `zero` or `subtract`
    spikes : `one` or `many` a step, or at most so many
    floor  : lowest value of potentials
    if_r   : what `r` of an IF is its gain in, a `second` or a `step`
    take   : the score of a last LI or I: `last`, `sum` or `maximum`
    input_bits : of the input's payloads

    Every node of a file of `write_nir` is compared with what the network's own nodes would be, so
    that one another tool has changed is refused and not half believed. Raises `FormatError` for
    such files and for graphs that contradict themselves, `OptionError` where something is not given
    or out of place, `UnsupportedError` for what timed neurons do not do, `InvalidNetworkError` for
    a network that breaks a rule, `DataError` where there is no readable file, `MissingPartError`.
    """
    from exporters.stepping import layers

    given = Assumptions(steps, dt, reset, spikes, floor, if_r, take, input_bits)
    return read(path, given, layers.int8 if int8 else None)[0]


def read(
    path: str | os.PathLike[str], given: Assumptions, quantiser: Quantiser | None = None
) -> tuple[Network, list[str]]:
    """As `read_nir`, and what was assumed, one line each.

    quantiser : makes int8 weights of another tool's real ones; None takes none but those that are
                int8 times one number already
    """
    nir = _nir(path)
    content = read_bytes(path, bounds.FILE_LIMIT)
    try:
        bounds.check(content)
        return _network(_parsed(nir, content), given, quantiser)
    except InvalidNetworkError as error:
        raise InvalidNetworkError(f"{path}: {text}" for text in error.violations) from None
    except OneSpikeError as error:
        kind = type(error) if isinstance(error, OptionError | UnsupportedError) else FormatError
        raise kind(f"{path}: {error}") from None
    except Exception as error:  # h5py and nir raise nearly everything
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise FormatError(f"{path}: not a sound NIR file ({reason}); write it again") from None


def _parsed(nir: Any, content: bytes) -> Any:
    """The graph of a file; what flows between its nodes is not checked here."""
    with h5py.File(BytesIO(content), "r") as file:
        tree = nir.serialization.hdf2dict(file["node"])
    _unchecked(tree)
    return nir.dict2NIRNode(tree)


def _unchecked(tree: dict[str, Any]) -> None:
    """Have NIR infer no shapes, of inner graphs neither, since old files lack some."""
    if tree.get("type") == "NIRGraph":
        tree["type_check"] = False
        for node in tree["nodes"].values():
            _unchecked(node)
    elif tree.get("type") in ("Conv1d", "Conv2d"):
        tree.setdefault("input_shape", None)


def _nir(path: str | os.PathLike[str]) -> Any:
    return need("nir.ir", str(path), extra="nir")


def _units(network: Network, dt: float | None, if_r: str | None) -> Units:
    given = {name: value for name, value in (("dt", dt), ("if_r", if_r)) if value is not None}
    if given and not network.steps:
        raise OptionError(
            f"{', '.join(given)}: a one-spike network has phases, not steps; leave out"
        )
    return Units(**given)  # type: ignore[arg-type]


def _network(
    graph: Any, given: Assumptions, quantiser: Quantiser | None
) -> tuple[Network, list[str]]:
    from exporters.nir import own
    from exporters.nir.foreign.read import to_network
    from exporters.nir.foreign.weights import exact

    if not own.is_own(graph):
        return to_network(graph, given, quantiser or exact)
    if given.given:
        raise OptionError(f"{', '.join(given.given)}: the file says so itself; leave out")
    return own.to_network(graph), []
