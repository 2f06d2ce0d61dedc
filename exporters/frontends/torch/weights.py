"""Files of weights: safetensors, and those of torch.save that hold tensors alone."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from onespike_lava.errors import DataError
from onespike_lava.system.kinds import mistaken
from onespike_lava.system.parts import need

INNER = ("state_dict", "model_state_dict", "model", "net", "weights", "ema", "module")
"""Where checkpoints keep the weights beside other things."""

SAVE = "in code that you trust save them with torch.save(model.state_dict(), FILE)"


def load_weights(path: str | Path) -> dict[str, Any]:
    """The tensors of a file by name; `DataError` for a file that holds something else."""
    with Path(path).open("rb") as stream:
        start = stream.read(4)
    if start == b"PK\x03\x04":
        return _of_torch(path)
    load_file = need("safetensors.torch", str(path), extra="torch").torch.load_file
    try:
        found: dict[str, Any] = load_file(str(path))
    except Exception as error:  # safetensors raises its own class, which has no public home
        if start[:1] == b"\x80" or b"\0" in start[:1]:
            raise DataError(
                f"{path}: a file of an old torch.save, which may run code as it is opened; {SAVE}"
            ) from None
        reason = mistaken(path, "weights")
        reason = reason or f"not a safetensors file ({error}); save it as one"
        raise DataError(f"{path}: {reason}") from None
    return found


def _of_torch(path: str | Path) -> dict[str, Any]:
    """What torch.save wrote, read without running anything: the archive, tensors alone.

    Only archives are opened: older forms got past `weights_only` (CVE-2025-32434).
    """
    try:
        with zipfile.ZipFile(path) as held:
            names = {name.rpartition("/")[2] for name in held.namelist()}
        if "constants.pkl" in names:
            raise DataError(
                f"{path}: a TorchScript file, whose weights are no file of their own; {SAVE}, of "
                "the module that it was made of"
            )
        found = torch.load(str(path), map_location="cpu", weights_only=True)
    except DataError:
        raise
    except Exception as error:  # the unpickler's, the archive's and torch's own
        first = next(iter(str(error).splitlines()), type(error).__name__)[:100]
        raise DataError(f"{path}: holds more than weights ({first}); {SAVE}") from None
    state = _state(found)
    if state is None:
        raise DataError(f"{path}: holds no weights by name; {SAVE}")
    return state


def _state(found: Any) -> dict[str, Any] | None:
    """The weights in what a file holds, under the names that training scripts give them."""
    if not isinstance(found, Mapping):
        return None
    if found and all(isinstance(each, torch.Tensor) for each in found.values()):
        return dict(found)
    for name in INNER:
        state = _state(found.get(name))
        if state is not None:
            return state
    return None
