"""A run on disk: what it needs to go on after a kill as if nothing had been."""

from __future__ import annotations

import io
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from onespike_lava.errors import DataError
from onespike_lava.system.files import read_bytes, write_atomic

LIMIT = 2**33
"""Most bytes of a file."""


def digest(*tensors: Tensor) -> str:
    """SHA-256 of tensors: type, shape and content of each."""
    found = sha256()
    for each in tensors:
        found.update(repr((each.dtype, tuple(each.shape))).encode())
        flat = each.detach().cpu().reshape(-1).contiguous()
        found.update(flat.view(torch.uint8).numpy().data)
    return found.hexdigest()


def content(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the run of a file is, and its state; `DataError` for a file of something else."""
    held = io.BytesIO(read_bytes(path, LIMIT))
    try:
        found = torch.load(held, map_location="cpu", weights_only=True)
        return found["head"], found["state"]
    except Exception as error:  # torch raises whatever its reader meets
        raise DataError(
            f"{path}: no checkpoint ({type(error).__name__}); give another path"
        ) from None


class Checkpoint:
    """One file, written beside itself and renamed: the state before or the state after.

    head : what the run is, of plain values; a file of another run is refused
    """

    def __init__(self, path: str | Path, head: dict[str, Any]) -> None:
        self.path, self.head = Path(path), head

    def save(self, state: dict[str, Any]) -> None:
        """Replace what is there; once this returns no kill loses it."""
        held = io.BytesIO()
        torch.save({"head": self.head, "state": state}, held)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(
                f"{self.path.parent}: no folder can be made there ({error.strerror}); give another "
                "path"
            ) from None
        write_atomic(self.path, held.getvalue())

    def load(self) -> dict[str, Any] | None:
        """The state, None where there is no file; `DataError` for a file of something else."""
        if not self.path.exists():
            return None
        head, state = content(self.path)
        other = sorted(key for key in {*head, *self.head} if head.get(key) != self.head.get(key))
        if other:
            was, now = head.get(other[0]), self.head.get(other[0])
            raise DataError(
                f"{self.path}: of another run, {other[0]} was {was!r} and is {now!r}; "
                "give another path or remove it"
            )
        return state
