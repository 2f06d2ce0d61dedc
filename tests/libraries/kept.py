"""Recordings of the libraries, written or compared with what is kept."""

import sys

import numpy as np


def main(found, place, what):
    """Write the arrays to a file; with `--check` among the words, compare them with it.

    what : of what they are recordings, in words
    """
    if "--check" in sys.argv:
        with np.load(place) as known:
            assert set(known) == set(found), set(known) ^ set(found)
            for key, value in found.items():
                assert np.array_equal(known[key], value), key
        print(f"{place.name}: as recorded, {what}")
    else:
        np.savez_compressed(place, **found)
        print(f"{place}: {place.stat().st_size} bytes")
