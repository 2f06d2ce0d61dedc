"""Print the lowest versions that pyproject.toml allows on this Python, as constraints of pip.

Needs packaging, and tomli before Python 3.11.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROJECT = Path(__file__).parents[1] / "pyproject.toml"


def lowest(requirements: Iterable[Requirement]) -> dict[str, Version]:
    """Name -> the highest of the lower bounds that count on this Python."""
    found: dict[str, Version] = {}
    for each in requirements:
        if each.marker is not None and not each.marker.evaluate():
            continue
        for bound in each.specifier:
            if bound.operator in (">=", "=="):
                version = Version(bound.version)
                found[each.name] = max(found.get(each.name, version), version)
    return found


def requirements() -> list[Requirement]:
    """Those of the base and of all extras, but for extras of this project."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        lines += extra
    known = map(Requirement, lines)
    return [each for each in known if each.name != project["name"]]


if __name__ == "__main__":
    for name, version in sorted(lowest(requirements()).items()):
        sys.stdout.write(f"{name}=={version}\n")
