"""Values of one group of a plain lava-dl file: each is taken once, what is left is refused."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.errors import FormatError

STOCK = "load the file with lava.lib.dl.netx.hdf5.Network"
"""The way out where a file holds what a network here cannot."""

SAID = 5
"""Keys that one message names."""


class Keys:
    """Datasets of a group; a path in a message is that of the file."""

    def __init__(self, path: str, held: dict[str, NDArray[Any]]) -> None:
        self.path, self.held = path, held

    def __contains__(self, name: str) -> bool:
        """Whether the dataset is there and not yet taken."""
        return name in self.held

    def below(self, name: str) -> Keys | None:
        """The datasets of a group in this one, None where it is not there."""
        found = [each for each in self.held if each.startswith(f"{name}/")]
        if not found:
            return None
        inner = {each.removeprefix(f"{name}/"): self.held.pop(each) for each in found}
        return Keys(f"{self.path}/{name}".lstrip("/"), inner)

    def _taken(self, name: str) -> NDArray[Any]:
        """A dataset."""
        if name in self.held:
            return self.held.pop(name)
        if any(each.startswith(f"{name}/") for each in self.held):
            raise self.odd(name, "a group, as complex weights have, not an array")
        raise FormatError(f"{self.path}/{name}: missing; export the network again")

    def array(self, name: str, kinds: str = "iuf") -> NDArray[Any]:
        """A dataset of numbers as it is stored."""
        found = self._taken(name)
        if found.dtype.kind not in kinds:
            raise self.odd(name, f"{found.dtype} is not a number")
        return found

    def text(self, name: str) -> str:
        """One string."""
        found = self._taken(name)
        if found.dtype.kind != "S" or found.size != 1:
            raise self.odd(name, f"{found.dtype}{list(found.shape)} is not one string")
        return found.reshape(-1)[0].decode("ascii", errors="backslashreplace")

    def whole(self, name: str, low: int, high: int) -> NDArray[np.int32]:
        """Whole numbers of `low..high`, int32 in the dataset's shape, whatever their type."""
        found = self.array(name)
        if found.size == 0:
            raise self.odd(name, f"{list(found.shape)} holds nothing")
        check_whole(f"{self.path}/{name}", found)
        if not low <= found.min() or not found.max() <= high:
            most = f"{found.min():g}..{found.max():g}"
            raise self.odd(name, f"{most} is not within {low}..{high}")
        return found.astype(np.int32)

    def number(self, name: str, low: int, high: int) -> int:
        """One whole number."""
        found = self.whole(name, low, high)
        if found.size != 1:
            raise self.odd(name, f"{list(found.shape)} values are not one")
        return int(found.reshape(-1)[0])

    def pair(self, name: str, low: int, high: int) -> tuple[int, int]:
        """Rows and columns; one number stands for both."""
        found = self.whole(name, low, high).reshape(-1).tolist()
        if len(found) > 2:
            raise self.odd(name, f"{len(found)} values are not rows and columns")
        return found[0], found[-1]

    def per_channel(self, name: str, low: int, high: int, size: int) -> NDArray[np.int32]:
        """One number for all channels or one for each, int32[1] or int32[size]."""
        found = self.whole(name, low, high).reshape(-1)
        if len(found) not in (1, size):
            raise self.odd(name, f"{len(found)} values are neither one nor one a channel, {size}")
        return found

    def ignore(self, names: Collection[str]) -> None:
        """Drop what says nothing of a run, such as constants of training."""
        for name in names:
            self.held.pop(name, None)

    def only(self, name: str, value: int, meaning: str) -> None:
        """Take a value that, where it is there, must be this one in all its entries."""
        if name in self and (np.asarray(found := self.array(name, "iufb")) != value).any():
            first = found.reshape(-1)[0]
            raise self.odd(
                name, f"{float(first):g} is not {value} ({meaning}); no network here has that"
            )

    def odd(self, name: str, found: str) -> FormatError:
        """An error of a dataset."""
        way = "" if "; " in found else f"; {STOCK}"
        return FormatError(f"{self.path}/{name}: {found}{way}")

    def finish(self) -> None:
        """Refuse what nobody took."""
        if self.held:
            names = [f"{self.path}/{name}".lstrip("/") for name in sorted(self.held)]
            raise FormatError(
                f"{', '.join(names[:SAID])}: {len(names)} keys of a lava-dl file that no network "
                f"here has; {STOCK}"
            )


def check_whole(path: str, values: NDArray[Any]) -> None:
    """Raise `FormatError` where values are not whole numbers."""
    if values.dtype.kind != "f":
        return
    odd = ~(np.isfinite(values) & (values == np.rint(values)))
    if odd.any():
        raise FormatError(
            f"{path}: {values[odd].flat[0]:g} is not a whole number; quantise the network before "
            "it is exported"
        )
