"""Texts of any length in an HDF5 file, read without HDF5.

They stand in a heap outside their dataset (HDF5's file format, III.E: Disk Format: Level 1E, Global
Heap). HDF5's own reader never ends on a damaged heap in which an object has the size 0.
"""

from __future__ import annotations

import struct

from onespike_lava.errors import FormatError

DESCRIPTOR = struct.Struct("<IQI")
"""Length of the text, where its collection begins in the file, number of its object in there."""

COLLECTION = struct.Struct("<4sB3xQ")
"""Signature, version and size of a collection of objects, its head included."""

OBJECT = struct.Struct("<HHxxxxQ")
"""Number, count of references, size; the content follows, padded to a multiple of 8."""

SIGNATURE = (b"GCOL", 1)

TEXT_MAX = 256
"""Longest text that is read: names of types."""


def text_at(content: bytes, offset: int, path: str) -> bytes:
    """The text of which a dataset at a byte of the file holds the descriptor; `FormatError`."""
    try:
        length, start, number = DESCRIPTOR.unpack_from(content, offset)
        found = b"" if length == 0 else _object(content, start, number)
    except (struct.error, ValueError):
        found, length = b"", 1
    if len(found) < length or length > TEXT_MAX:
        raise FormatError(
            f"{path}: its text is not in the file, or longer than {TEXT_MAX} bytes; export it again"
        )
    return found[:length]


def _object(content: bytes, start: int, wanted: int) -> bytes:
    """An object of a collection; `ValueError` or `struct.error` where it is not there."""
    if start > len(content):
        raise ValueError("outside the file")
    *signature, size = COLLECTION.unpack_from(content, start)
    if tuple(signature) != SIGNATURE:
        raise ValueError("no collection")
    at, end = start + COLLECTION.size, min(start + size, len(content))
    while at + OBJECT.size <= end:
        number, _, size = OBJECT.unpack_from(content, at)
        at += OBJECT.size
        if number == wanted != 0:
            return content[at : min(at + size, end)]
        if number == 0:
            break  # what is left is free
        at += -(-size // 8) * 8
    raise ValueError("no such object")
