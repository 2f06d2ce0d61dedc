"""A network converted anew from what its file tells of its recipe, to know it in real numbers."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from exporters.conversion import Conversion, convert, options_of
from exporters.recipe.provenance import FINETUNED, digest, missing
from onespike_lava.errors import DataError, UnsupportedError
from onespike_lava.network import Network
from onespike_lava.system.progress import Progress, silent


def reconvert(
    network: Network,
    model: Any,
    calibration: NDArray[Any],
    output: str | None = None,
    progress: Progress = silent,
) -> Conversion:
    """The conversion that made a network: `simulate` of it is the network in real arithmetic.

    Raises `DataError` where the samples are not those of the network's calibration, and
    `UnsupportedError` where its provenance does not name a recipe.
    """
    known = dict(network.provenance)
    if FINETUNED in known:
        raise UnsupportedError(
            "network: it was fine-tuned after its conversion, so no recipe makes it again; leave "
            "the calibration out"
        )
    if absent := missing(known):
        raise UnsupportedError(
            f"network: its provenance does not name {', '.join(absent)}; real arithmetic needs a "
            "file that `onespike export` wrote"
        )
    if known.get("calibration_sha256") != (given := digest(calibration)):
        raise DataError(
            f"calibration: {len(calibration)} samples of SHA-256 {given[:12]}, the network was "
            f"made with {known.get('calibration_samples')} of "
            f"{str(known.get('calibration_sha256'))[:12]}; give those"
        )
    recipe = options_of(network)
    recipe |= {"output": output, "progress": progress}
    found = convert(model, calibration, **recipe)
    entry = network.input
    if found.network.input != entry and entry.low.size == 1:  # the range was an option
        low = float(entry.low[0])
        limits = (low, low + float(entry.step[0]) * (2**entry.bits - 1))
        found = convert(model, calibration, input_range=limits, **recipe)
    return found
