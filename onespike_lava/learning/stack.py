"""Layers that learn one after the other, each from the spikes of those below it."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from onespike_lava.errors import DataError, OptionError
from onespike_lava.layers import Window
from onespike_lava.learning import engine
from onespike_lava.learning.plastic import Look, Plastic
from onespike_lava.learning.rule import Rule, Times
from onespike_lava.system.files import read_bytes, write_atomic
from onespike_lava.system.progress import Progress, silent

LIMIT = 2**30
"""Most bytes of a file of layers that learn."""

KINDS = (np.dtype(np.int8), np.dtype(np.bool_))
"""Types of weights and live marks."""


@dataclass(frozen=True)
class Stage:
    """A convolution that learns, and the max pool behind it.

    channels : of the layer
    kernel   : its rows and columns
    padding  : silent rows and columns at each side
    pool     : rows and columns of which the first spike is passed on; 1 for no pool
    rule     : how it learns
    """

    channels: int
    kernel: int
    padding: int
    pool: int
    rule: Rule

    def __post_init__(self) -> None:
        """Check each value."""
        low = {"channels": 1, "kernel": 1, "padding": 0, "pool": 1}
        for name, least in low.items():
            if getattr(self, name) < least:
                raise OptionError(f"{name}: {getattr(self, name)} is below {least}; give more")

    @property
    def window(self) -> Window:
        """Of the convolution."""
        return Window(padding=(self.padding,) * 4)

    def drawn(self, sources: int, seed: tuple[int, ...]) -> Plastic:
        """The layer before it learns."""
        shape = (self.channels, sources, self.kernel, self.kernel)
        return Plastic.drawn(shape, self.window, seed)


def learn(
    stages: Sequence[Stage],
    times: Times,
    seed: int,
    path: str | Path | None = None,
    progress: Progress = silent,
) -> tuple[Plastic, ...]:
    """Layers that have learnt from samples [N, I, H, W], the steps of their spikes.

    path : file that is written after every look, and gone on from where it is there
    seed : of the first weights

    The same weights come out whether it was killed in between or not. Raises `DataError` for a
    file of other stages, another seed or other samples.
    """
    head = _head(stages, times, seed)
    learnt = list(_load(path, head) if path is not None else ())
    for number, stage in enumerate(stages):
        if number == len(learnt):
            learnt.append(stage.drawn(times.shape[1], (seed, number)))

        def seen(plastic: Plastic, number: int = number, rule: Rule = stage.rule) -> None:
            if path is not None:
                _save(path, head, [*learnt[:number], plastic])
            progress(f"layer {number + 1}", plastic.samples, rule.samples)

        learnt[number] = engine.learn(learnt[number], times, stage.rule, seen)
        if number + 1 < len(stages):
            times, _ = passed(stage, learnt[number], times)
    return tuple(learnt)


def passed(stage: Stage, plastic: Plastic, times: Times) -> tuple[Times, int]:
    """Spikes behind a layer and its pool, and the live synapses that spikes passed into it."""
    found, integrations = engine.spikes(plastic, times, stage.rule.threshold)
    return pooled(found, stage.pool), integrations


def pooled(times: Times, size: int) -> Times:
    """The first spike of each window of size x size places; what is left at the ends is dropped."""
    rows, columns = (each // size * size for each in times.shape[2:])
    late = times - np.uint8(1)  # silence comes last: 255
    first = late[:, :, :rows:size, :columns:size].copy()
    for place in range(1, size * size):
        row, column = divmod(place, size)
        np.minimum(first, late[:, :, row:rows:size, column:columns:size], out=first)
    return first + np.uint8(1)


def pruned_after(layers: Sequence[Plastic], limit: int) -> tuple[Plastic, ...]:
    """Layers that learnt without pruning, pruned now: weights below the limit."""
    found = []
    for each in layers:
        live = each.live & (each.weight >= limit)
        found.append(replace(each, weight=np.where(live, each.weight, np.int8(0)), live=live))
    return tuple(found)


def _head(stages: Sequence[Stage], times: Times, seed: int) -> dict[str, Any]:
    """What a file is of, as JSON has it."""
    samples = sha256(np.ascontiguousarray(times).tobytes()).hexdigest()
    head = {"stages": [asdict(each) for each in stages], "seed": seed, "samples": samples}
    found: dict[str, Any] = json.loads(json.dumps(head))
    return found


def _save(path: str | Path, head: dict[str, Any], layers: Sequence[Plastic]) -> None:
    content, rest = io.BytesIO(), []
    arrays: dict[str, Any] = {}
    for number, each in enumerate(layers):
        arrays[f"weight{number}"], arrays[f"live{number}"] = each.weight, each.live
        rest.append([each.samples, each.integrations, each.updates, each.history])
    text = json.dumps({"head": head, "layers": rest})
    np.savez_compressed(content, text=np.array(text), **arrays)
    write_atomic(path, content.getvalue())


def _load(path: str | Path, head: dict[str, Any]) -> tuple[Plastic, ...]:
    """Layers of a file; none where there is no file."""
    if not Path(path).exists():
        return ()
    content = io.BytesIO(read_bytes(path, LIMIT))
    try:
        with np.load(content) as file:
            text = json.loads(str(file["text"]))
            arrays = [(file[f"weight{n}"], file[f"live{n}"]) for n in range(len(text["layers"]))]
        layers = []
        for each, (weight, live), given in zip(
            text["layers"], arrays, text["head"]["stages"], strict=False
        ):
            shape = (given["channels"], weight.shape[1], given["kernel"], given["kernel"])
            if (weight.dtype, live.dtype, weight.shape, live.shape) != (*KINDS, shape, shape):
                raise ValueError("weights of another kind")
            samples, integrations, updates, history = each
            window = Window(padding=(given["padding"],) * 4)
            looks = tuple(Look(*look) for look in history)
            layers.append(Plastic(weight, live, window, samples, integrations, updates, looks))
        other = sorted(key for key in head if text["head"].get(key) != head[key])
    except Exception as error:  # whatever NumPy's and JSON's readers meet
        raise DataError(
            f"{path}: no file of layers that learn ({type(error).__name__}); give another path"
        ) from None
    if other:
        raise DataError(f"{path}: of other {other[0]}; give another path, or remove it")
    return tuple(layers)
