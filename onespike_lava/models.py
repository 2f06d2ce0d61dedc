"""Networks ready to run: the small ones come with the package, all of them with its source.

    net = onespike_lava.models.load("digits")
    onespike inspect "$(python -m onespike_lava.models digits)"

Their cards, with data, accuracy and recipe, are in the source's folder `netx_models`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from onespike_lava.errors import OneSpikeError, OptionError
from onespike_lava.network import Network
from onespike_lava.netx import load as load_file

INSTALLED = Path(__file__).parent / "shipped"
"""Where the small ones lie in an installed package; see `setup.py`."""

SOURCE = Path(__file__).resolve().parents[1] / "netx_models"
"""Where all of them lie in the source."""


def names() -> tuple[str, ...]:
    """Names of the networks that are here, in order."""
    return tuple(sorted(_found()))


def path(name: str) -> Path:
    """The file of a network; `OptionError` where no such network is here."""
    found = _found()
    if name not in found:
        raise OptionError(
            f"model: {name!r} is not here, but {', '.join(sorted(found)) or 'none'}; name one of "
            "these, or take larger ones from the folder netx_models of the source"
        )
    return found[name]


def load(name: str) -> Network:
    """The network of that name; `OptionError` where it is not here."""
    return load_file(path(name))


def _found() -> dict[str, Path]:
    """Name -> file."""
    files = [*INSTALLED.glob("*.net"), *SOURCE.glob("*/*.net")]
    return {each.stem: each for each in reversed(files)}


def main(words: list[str]) -> int:
    """Write where the networks of these names lie, or all names; the exit code."""
    try:
        lines = [str(path(each)) for each in words] or list(names())
    except OneSpikeError as error:
        sys.stderr.write(f"onespike: {error}\n")
        return 2
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
