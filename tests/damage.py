"""Damage to the keys and bytes of a file: what a reader must answer with a network or one line."""

import warnings

import numpy as np
from hypothesis import strategies as st

from onespike_lava import netx
from onespike_lava.errors import OneSpikeError, OneSpikeWarning
from tests.lines import check_line

KINDS = ["int8", "uint8", "int32", "int64", "float32", "float64", "bool", "S3", "complex64"]
CHANGES = ["drop", "move", "type", "shape", "value", "swap"]


def network_or_one_line(build):
    """A network, which its own file gives back, or an error of one line."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OneSpikeWarning)
        try:
            network = build()
        except OneSpikeError as error:
            check_line(error)
        else:
            assert netx.from_bytes(netx.to_bytes(network)) == network


def changed_keys(data, tree):
    """The tree `path -> array` with up to three keys dropped, moved or changed."""
    keys = dict(tree)
    for _ in range(data.draw(st.integers(1, 3))):
        if not keys:
            break
        path = data.draw(st.sampled_from(sorted(keys)))
        change = data.draw(st.sampled_from(CHANGES))
        array = keys.pop(path)
        if change == "move":
            keys[data.draw(st.sampled_from([f"{path}x", "layer/0", f"{path}/0", "/"]))] = array
        elif change == "type":
            keys[path] = np.ones(array.shape, data.draw(st.sampled_from(KINDS)))
        elif change == "shape":
            keys[path] = np.resize(array, data.draw(st.lists(st.integers(0, 4), max_size=5)))
        elif change == "swap":
            keys[path] = tree[data.draw(st.sampled_from(sorted(tree)))]
        elif change == "value" and array.size:
            raw = data.draw(st.binary(min_size=array.itemsize, max_size=array.itemsize))
            changed = np.array(array)
            at = data.draw(st.integers(0, array.size - 1))
            changed.reshape(-1)[at] = np.frombuffer(raw, array.dtype)[0]
            keys[path] = changed
    return keys


def byte_changes(content):
    """A strategy of a few bytes `(place, value)` of the content."""
    return st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), min_size=1)


def changed_bytes(content, changes):
    damaged = bytearray(content)
    for at, value in changes:
        damaged[at] = value
    return bytes(damaged)
