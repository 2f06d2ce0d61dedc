"""What is read of a NIR file: nothing outside it, and nothing that swells beyond bounds."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import h5py

from onespike_lava.errors import FormatError

FILE_LIMIT = 2**30
"""Largest file, and largest sum of declared arrays, that is read, in bytes."""

DEPTH_LIMIT = 12
"""Deepest group of a file that is read."""

UNPACKED, SWELLING = 2**27, 100
"""Bytes that any file may unpack to, and beyond that for each byte that it holds."""

OBJECT_LIMIT = 2**15
"""Most groups and arrays of a file that is read."""

AGAIN = "write it again from its .net file"


def check(content: bytes) -> None:
    """Refuse what reading would follow out of the file or swell up by."""
    total, room = 0, min(FILE_LIMIT, max(UNPACKED, SWELLING * len(content)))
    with h5py.File(BytesIO(content), "r") as file:
        for number, size in enumerate(_sizes(file, "", 0)):
            total += size
            if total > room or number > OBJECT_LIMIT:
                raise FormatError(
                    f"declares more than {room} bytes or {OBJECT_LIMIT} objects in a file of "
                    f"{len(content)}; use a smaller network, or its .net file"
                )


def _sizes(group: h5py.Group, prefix: str, depth: int) -> Iterator[int]:
    """Bytes that each object declares, groups none."""
    if depth > DEPTH_LIMIT:
        raise FormatError(f"{prefix}: nested deeper than {DEPTH_LIMIT} groups; {AGAIN}")
    for name in group:
        path = f"{prefix}{name}"
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise FormatError(f"{path}: a link is not in the format; store the data itself")
        item = group[name]
        if isinstance(item, h5py.Group):
            yield 0
            yield from _sizes(item, f"{path}/", depth + 1)
        elif not isinstance(item, h5py.Dataset) or item.external or item.is_virtual:
            raise FormatError(f"{path}: not stored in the file; store the data itself")
        else:
            yield item.nbytes
