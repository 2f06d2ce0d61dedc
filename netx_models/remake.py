"""Whether exporters still make the shipped files: `python remake.py [NAME ...]`.

Converts each network that has a `.net` file here with the defaults, as its card says, and prints
what differs from the file: nothing, provenance only, or arrays, by key and number of values.
`--keep FOLDER` writes what was made there; `--against FOLDER` compares with files there instead
of the shipped ones, such as those that another version kept. Ends with 1 where an array differs.

The shipped files were made with NumPy 1.26 and `OPENBLAS_CORETYPE=SkylakeX`. BLAS sums in another
order on other processors, and a tie in the choice of a level or a rounding then falls otherwise:
compare two versions of the exporters on one machine (`--keep`, `--against`).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import sources

from exporters import convert
from onespike_lava import load
from onespike_lava.network import Network
from onespike_lava.netx import to_bytes
from onespike_lava.netx.tree import to_tree


def differences(one: Network, two: Network) -> dict[str, int]:
    """Key of the file -> how many of its values differ, all of them where shapes do."""
    trees = to_tree(one), to_tree(two)
    found = {}
    for key in sorted({*trees[0], *trees[1]}):
        first, second = (tree.get(key, np.zeros(0)) for tree in trees)
        same = first.shape == second.shape and first.dtype == second.dtype
        count = int((first != second).sum()) if same else max(first.size, second.size)
        if count or not same:
            found[key] = count
    return found


def main() -> int:
    """Print a line for each network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(sources.NAMES)}")
    parser.add_argument("--keep", type=Path, help="folder for what is made")
    parser.add_argument("--against", type=Path, help="folder of files to compare with")
    given = parser.parse_args()
    changed = False
    for name in given.names or sources.NAMES:
        source = sources.load(name, "validation", limit=1)
        made = convert(source.model, source.calibration).network
        if given.keep:
            given.keep.mkdir(parents=True, exist_ok=True)
            (given.keep / source.file.name).write_bytes(to_bytes(made))
        file = given.against / source.file.name if given.against else source.file
        found = differences(made, load(file))
        arrays = {key: n for key, n in found.items() if "/provenance/" not in key}
        changed |= bool(arrays)
        same = to_bytes(made) == file.read_bytes()
        what = "the same bytes" if same else f"{len(found)} keys differ: {found}"
        print(f"{name}: {what}", flush=True)
    return int(changed)


if __name__ == "__main__":
    sys.exit(main())
