"""Damaged plain lava-dl files."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onespike_lava import netx
from onespike_lava.errors import (
    FormatError,
)
from onespike_lava.netx import lavadl
from onespike_lava.netx.heap import text_at
from tests.damage import byte_changes, changed_bytes, changed_keys, network_or_one_line
from tests.plain import drawn, smallest

TREES = [drawn(seed).tree() for seed in range(4)]


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(TREES), st.data())
def test_changed_keys_are_a_network_or_an_error(tree, data):
    keys = changed_keys(data, tree)
    network_or_one_line(lambda: lavadl.from_tree(keys))


SMALL = smallest().content()


@settings(deadline=None, max_examples=100)
@given(byte_changes(SMALL))
def test_changed_bytes_are_a_network_or_an_error(changes):
    network_or_one_line(lambda: netx.from_bytes(changed_bytes(SMALL, changes)))


def heap(objects):
    """A collection of objects `(number, size, content)` at byte 8 of a file."""
    body = b"".join(struct.pack("<HHxxxxQ", n, 1, length) + text for n, length, text in objects)
    head = struct.pack("<4sB3xQ", b"GCOL", 1, 16 + len(body))
    return b"\0" * 8 + head + body


SOUND = [(1, 4, b"LIF\0\0\0\0\0"), (2, 5, b"LOIHI\0\0\0")]


def test_texts_of_any_length_are_found():
    content = heap(SOUND)
    at = len(content)
    for length, start, number, found in ((5, 8, 2, b"LOIHI"), (3, 8, 1, b"LIF"), (0, 0, 0, b"")):
        descriptor = struct.pack("<IQI", length, start, number)
        assert text_at(content + descriptor, at, "x") == found


@pytest.mark.parametrize(
    ("objects", "descriptor"),
    [
        ([(1, 0, b""), (1, 0, b"")] * 9, (5, 8, 2)),  # HDF5 reads some such heaps for ever
        ([(1, 2**63, b"")], (5, 8, 2)),
        ([(0, 8, b"CUBA\0\0\0\0"), *SOUND], (5, 8, 2)),
        (SOUND, (5, 9, 2)),
        (SOUND, (5, 2**63, 2)),
        (SOUND, (5, 8, 3)),
        (SOUND, (100, 8, 2)),
        ([(2, 300, b"x" * 304)], (300, 8, 2)),
    ],
)
def test_texts_that_are_not_there_are_refused(objects, descriptor):
    content = heap(objects)
    with pytest.raises(FormatError, match=r"^type: its text is not in the file, or longer than"):
        text_at(content + struct.pack("<IQI", *descriptor), len(content), "type")


def test_a_damaged_heap_ends():
    """Objects without size, as a turned bit makes them: HDF5 would read them for ever."""
    content, at = bytearray(SMALL), 0
    while (at := content.find(b"GCOL", at + 1)) > 0:
        content[at + 16 : at + 32] = struct.pack("<HHxxxxQ", 1, 1, 0)
    with pytest.raises(FormatError, match=r"neuron/type: its text is not in the file"):
        netx.from_bytes(bytes(content))
