"""From SLAYER's blocks to the integer network that they are, held against them."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.recipe.provenance import digest
from exporters.recipe.stepping import StepRecipe
from exporters.stepping.agreement import Agreement, Flips, some
from exporters.stepping.source import are_events, event_bits
from onespike_lava.data.samples import by_place, check_labels
from onespike_lava.engines.result import classes
from onespike_lava.errors import DataError, OptionError, UnsupportedError
from onespike_lava.network import Network
from onespike_lava.netx.lavadl import from_tree
from onespike_lava.version import __version__

NOTE = "fires at v > threshold and is reset to zero"
"""How the neurons of all blocks are read."""


def are_blocks(model: Any) -> bool:
    """Whether a model is a torch module that has blocks of SLAYER."""
    torch = sys.modules.get("torch.nn")
    if torch is None or not isinstance(model, torch.Module):
        return False
    from exporters.frontends.slayer.reading import has_blocks

    return has_blocks(model)


def convert_blocks(
    model: Any, samples: NDArray[Any], recipe: StepRecipe, output: str | None, labels: Any
) -> tuple[Network, dict[str, str], Agreement]:
    """The integers of a module of SLAYER's blocks, how each was read, what samples showed.

    samples : events [N, T, *shape]
    labels  : int64[N] or None

    Nothing is rounded: the network sends the spikes of SLAYER's own integers, or the module is
    refused. Raises `UnsupportedError`, `DataError`, `OptionError`.
    """
    read = read_chain(model, samples, recipe, output)
    network = _named(from_tree(read.tree, samples.shape[1]), read, samples, recipe.input_bits)
    network = _read_out(network, read, recipe.readout)
    source = hashlib.sha256()
    for path, each in sorted(read.tree.items()):
        source.update(f"{path} {each.shape}".encode() + np.ascontiguousarray(each).tobytes())
    notes = {"source_sha256": source.hexdigest(), "calibration_sha256": digest(samples)}
    notes |= {"onespike_lava": __version__, "numpy": np.__version__}
    network = replace(network, provenance=tuple(sorted(notes.items())))
    return network, dict.fromkeys(read.fires, NOTE), _compared(network, read, samples, labels)


def read_chain(model: Any, samples: NDArray[Any], recipe: StepRecipe, output: str | None) -> Any:
    """What is read of the module, `frontends.slayer.reading.Blocks`; only their shape counts."""
    from exporters.frontends.slayer.reading import read_blocks

    if not are_events(samples):
        raise DataError(
            f"calibration: samples {list(samples.shape)} have no steps, and SLAYER's blocks take "
            "spikes; give events [N, T, ...]"
        )
    if recipe.steps not in (None, samples.shape[1]):
        raise OptionError(
            f"steps: {recipe.steps}, but the samples have {samples.shape[1]}; leave them out"
        )
    if recipe.input_range is not None:
        raise OptionError("input_range: events are whole numbers from 0; leave it out")
    return read_blocks(model, samples.shape[2:], samples.shape[1], output)


def _named(network: Network, read: Any, samples: NDArray[Any], bits: int | None) -> Network:
    """Layers called as the blocks are, an input that holds the samples' payloads."""
    names = [name for name in read.names.values() if name in read.fires or read.ends == "Affine"]
    layers: list[Any] = [replace(network.input, bits=event_bits(samples, bits))]
    layer: Any
    for number, layer in enumerate(network.layers[1:]):
        layers.append(replace(layer, name=names[number]) if number < len(names) else layer)
    return replace(network, layers=tuple(layers))


def _read_out(network: Network, read: Any, readout: str | None) -> Network:
    """The readout that the module has, or the one that was asked for of all steps."""
    if read.take and readout is not None:
        raise OptionError("readout: the module has one of its own; leave it out")
    take = read.take or readout or "mean"
    layer: Any = network.layers[-1]
    if not read.states and take in ("last", "max"):
        which = "last" if take == "last" else "largest"
        raise UnsupportedError(
            f"{layer.name}: takes the {which} step of what remembers nothing; read the sum or the "
            "mean"
        )
    unit = read.unit * layer.scale if read.ends == "Affine" else 1.0
    scale = layer.scale / unit / (network.phases if take == "mean" else 1)
    taken = {"max": "maximum", "last": "last"}.get(take, "sum" if read.states else "last")
    layer = replace(layer, take=taken, scale=scale)
    return replace(network, layers=(*network.layers[:-1], layer))


def _compared(network: Network, read: Any, samples: NDArray[Any], labels: Any) -> Agreement:
    """The network beside the module; `UnsupportedError` where spikes differ."""
    size = sum(int(np.prod(each.shape)) for each in network.layers) * network.phases
    chosen = some(samples, size)
    x = samples[chosen]
    known = read.trains(x)
    run = network.run(x, record=True)
    flips = []
    for name, train in known.items():
        found = run.trains(name)
        share = float(np.mean(found.reshape(train.shape) != train))
        if share:
            raise UnsupportedError(
                f"{name}: {100 * share:.2g} % of its spikes differ from SLAYER's; its states leave "
                "the numbers that float32 holds, or something else is done to them"
            )
        flips.append(Flips(name, 0.0, 0.0, 0.0, float(train.mean())))
    theirs, mine = read.scores(x), run.scores.reshape(len(x), -1)
    if theirs.shape[1] < 2:
        return Agreement(len(x), tuple(flips), None)
    first, second = classes(theirs, 1)[:, 0], classes(mine, 1)[:, 0]
    accuracy = None
    if labels is not None:
        right = by_place("labels", labels, len(samples), ())[chosen, 0]
        check_labels(right, theirs.shape[1], "labels")
        accuracy = (100.0 * float(np.mean(first == right)), 100.0 * float(np.mean(second == right)))
    return Agreement(len(x), tuple(flips), float(np.mean(first == second)), accuracy)
