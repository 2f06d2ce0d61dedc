"""A hostile file and what reads it: the vocabulary that the makers share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

DIGITS = Path(__file__).resolve().parents[2] / "netx_models" / "digits"
NET, ONNX = DIGITS / "digits.net", DIGITS / "digits.onnx"


@dataclass(frozen=True)
class Case:
    """One file.

    group  : the class of the issue it belongs to; a row of the table
    name   : what is wrong with it
    suffix : of the file
    put    : its bytes, or what makes it at a path
    sound  : whether it may be accepted, such as a file of which one bit was turned
    """

    group: str
    name: str
    suffix: str
    put: bytes | Callable[[Path], None]
    sound: bool = False

    def write(self, folder: Path) -> Path:
        """Make the file; its path."""
        path = folder / f"hostile{self.suffix}"
        if isinstance(self.put, bytes):
            path.write_bytes(self.put)
        else:
            self.put(path)
        return path


Cases = Iterator[Case]


def _cut(content: bytes, size: int, path: Path) -> None:
    path.write_bytes(content[:size])


def _turn(content: bytes, changes: list[tuple[int, int]], path: Path) -> None:
    changed = bytearray(content)
    for at, mask in changes:
        changed[at] ^= mask
    path.write_bytes(changed)


def damaged(group: str, suffix: str, content: bytes, rng, flips: int, every: int = 1) -> Cases:
    """Truncations at every byte (or every n-th), and files with 1 to 8 bytes changed."""
    for size in range(0, len(content), every):
        yield Case(
            f"{group} truncated", f"at {size}", suffix, partial(_cut, content, size), sound=True
        )
    for number in range(flips):
        changes = [
            (int(at), 1 << int(rng.integers(8)) if number % 2 else int(rng.integers(1, 256)))
            for at in rng.integers(0, len(content), rng.integers(1, 9))
        ]
        put = partial(_turn, content, changes)  # no copy of the content for each
        yield Case(f"{group} flipped", f"number {number}", suffix, put, sound=True)
