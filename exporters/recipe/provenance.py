"""Options as a file's provenance tells them, and back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.recipe.declaration import SWITCH, Option, options
from exporters.recipe.options import OPTIONS
from onespike_lava.errors import UnsupportedError
from onespike_lava.version import __version__

FINETUNED = "finetuned"
"""Entry that says how a network was trained on after its conversion, which it no longer is."""

APART = ", "
"""Between options that share a key."""


def provenance(
    recipe: Any,
    source: str,
    samples: NDArray[Any],
    names: Iterable[str] | None = None,
    **more: str,
) -> dict[str, str]:
    """Where a network comes from: its source, what it was calibrated with, options, versions.

    recipe : a dataclass of options
    source : digest of the source network
    names  : the options that count, all unless given
    """
    return {
        "source_sha256": source,
        "calibration_sha256": digest(samples),
        **more,
        **told(recipe, names),
        "onespike_lava": __version__,
        "numpy": np.__version__,
    }


def digest(samples: NDArray[Any]) -> str:
    """SHA-256 of samples as float32, 64 hexadecimal digits."""
    return hashlib.sha256(np.ascontiguousarray(samples, "<f4").data).hexdigest()


def told(recipe: Any, names: Iterable[str] | None = None) -> dict[str, str]:
    """Entries of the provenance of a network that a recipe made.

    names : the options that count, all unless given
    """
    found: dict[str, list[str]] = {}
    chosen = None if names is None else set(names)
    for each in options(type(recipe)):
        if each.provenance is not None and (chosen is None or each.name in chosen):
            value = getattr(recipe, each.name)
            if each.silent and value == each.default:
                continue
            text = each.kind.write(value)
            found.setdefault(each.provenance, []).append(text)
    return {key: APART.join(texts) for key, texts in found.items()}


def missing(known: Mapping[str, str], among: Sequence[Option] = OPTIONS) -> list[str]:
    """Keys without which a recipe is not known; what is its default unless told needs none."""
    keys = {each.provenance for each in among if each.kind is not SWITCH and not each.silent}
    return sorted(key for key in keys if key is not None and key not in known)


def recalled(known: Mapping[str, str], among: Sequence[Option] = OPTIONS) -> dict[str, Any]:
    """Options by name from a provenance of which nothing is `missing`.

    Raises `UnsupportedError` for words that tell no options.
    """
    found: dict[str, Any] = {}
    for key in dict.fromkeys(each.provenance for each in among):
        if key is None or key not in known:
            continue
        sharing = [each for each in among if each.provenance == key]
        try:
            words = zip(sharing, known[key].split(APART), strict=True)
            found |= {each.name: each.kind.read(word) for each, word in words}
        except ValueError:
            names = ", ".join(each.name for each in sharing)
            raise UnsupportedError(
                f"network: its provenance tells {key} as {known[key]!r}, which is no {names}; real "
                "arithmetic needs a file that `onespike export` wrote"
            ) from None
    return found
