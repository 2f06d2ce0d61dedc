"""Hostile files through the command line: `python tests/hostile/try_files.py [GROUP ...]`.

Every file goes through the quickest command that reads it, in one process; of each class
`--apart N` files (default 1) through every command, each in a process of its own. A file must
be refused, in one line that names a way out, with exit 2, in five seconds and 500 MB; damaged
files may also be read. Prints a table; exit 1 where a file did something else. Linux only.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.hostile import (
    data_files,
    lava_dl_files,
    net_containers,
    net_files,
    onnx_files,
    weight_files,
)
from tests.hostile.case import Case
from tests.hostile.running import Outcome, apart, together

FORGOTTEN = Case("", "", "", b"")
"""Stands for a file whose row is printed."""


def every(seed: int, flips: int, step: int) -> Iterator[tuple[str, list[Case]]]:
    """All files, class by class; `flips` of each kind, cut at every `step` bytes.

    A class is made when it is asked for: what this process holds counts in what forked ones do.
    """
    rng = np.random.default_rng(seed)
    makers: list[Callable[[], Iterable[Case]]] = [
        net_files.keys,
        net_files.texts,
        net_files.shapes,
        net_files.unread,
        net_files.none,
        net_containers.containers,
        lambda: net_files.truncated_and_flipped(rng, flips, step),
        lava_dl_files.keys,
        lava_dl_files.sizes,
        lava_dl_files.texts,
        lava_dl_files.containers,
        lambda: lava_dl_files.truncated_and_flipped(rng, flips, step),
        data_files.arrays,
        data_files.objects,
        data_files.headers,
        data_files.bombs,
        data_files.adjacency,
        lambda: data_files.truncated_and_flipped(rng, flips, step),
        onnx_files.outside,
        onnx_files.structures,
        onnx_files.constants,
        onnx_files.joins,
        lambda: onnx_files.truncated_and_flipped(rng, flips, step),
        weight_files.weights,
        weight_files.nir_files,
        lambda: weight_files.truncated_and_flipped(rng, flips, step),
    ]
    for make in makers:
        found: dict[str, list[Case]] = defaultdict(list)
        for case in make():
            found[f"{case.group} ({case.suffix})"].append(case)
        while found:
            name = next(iter(found))
            yield name, found.pop(name)


def tried(groups: Iterable[tuple[str, list[Case]]], each: int) -> list[Outcome]:
    """What came of all files, and of the first of each class apart; names faults on the way."""
    found = []
    for group, cases in groups:
        one = _named(together(cases))
        _row(group, one)
        alone = _named(outcome for case in cases[:each] for outcome in apart(case))
        if alone:
            _row("    every command apart", alone)
        found += [replace(outcome, case=FORGOTTEN) for outcome in (*one, *alone)]
    return found


def _named(outcomes: Iterable[Outcome]) -> list[Outcome]:
    found = []
    for outcome in outcomes:
        found.append(outcome)
        if outcome.fault:
            case = outcome.case
            print(f"FAULT {case.group}: {case.name} ({case.suffix}): {outcome.command}: "
                  f"{outcome.fault}: {outcome.said}", file=sys.stderr, flush=True)  # fmt: skip
    return found


def _row(name: str, outcomes: list[Outcome]) -> None:
    slowest = max((each.seconds for each in outcomes), default=0)
    largest = max((each.megabytes for each in outcomes), default=0)
    faults = sum(bool(each.fault) for each in outcomes)
    print(f"{name:40}{len(outcomes):8}{slowest:10.2f}{largest:10.0f}{faults:8}", flush=True)


def main() -> None:
    """Try and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("groups", nargs="*", help="classes whose names begin so")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--flips", type=int, default=1000)
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("--apart", type=int, default=1)
    given = parser.parse_args()
    groups = (
        (name, cases)
        for name, cases in every(given.seed, given.flips, given.step)
        if not given.groups or any(name.startswith(each) for each in given.groups)
    )
    print(f"{'class':40}{'files':>8}{'slowest s':>10}{'most MB':>10}{'faults':>8}")
    outcomes = tried(groups, given.apart)
    _row("all", outcomes)
    sys.exit(any(each.fault for each in outcomes))


if __name__ == "__main__":
    main()
