"""Cells of the tables of docs/training.md: runs of all seeds, means, ranges, Markdown."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable, Sequence
from typing import Any

Found = dict[str, Any]


def spread(shares: Sequence[float], digits: int = 1) -> str:
    """Mean in percent, and the range where there are several."""
    last = [100 * each for each in shares]
    mean, low, high = (f"{f(last):.{digits}f}" for f in (statistics.fmean, min, max))
    return mean if len(last) < 2 else f"{mean} ({low}-{high})"


def of(found: Found, start: str) -> list[Found]:
    """Runs of every seed."""
    return [each for key, each in found.items() if re.fullmatch(re.escape(start) + r" \d+", key)]


def mean(cell: Iterable[Found], key: str) -> float:
    """Over seeds."""
    return statistics.fmean(each[key] for each in cell)


def accuracy(cell: list[Found], digits: int = 1, brief: bool = False) -> str:
    """Last epoch, range over seeds, best epoch; `-` without a run."""
    if not cell:
        return "-"
    text = spread([each["last"] for each in cell], digits)
    best = [100 * each["best"] for each in cell if each.get("best") is not None]
    return text if brief or not best else f"{text} [{statistics.fmean(best):.{digits}f}]"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """In Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
