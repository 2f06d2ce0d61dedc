"""How long work tells its caller how far it is; the library itself never prints."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

Progress = Callable[[str, int, int], None]
"""Called with the name of the work, the steps done, and the steps there are.

Another name begins another piece of work. What a callback raises ends the work.
"""

Count = Callable[[int, int], None]
"""The same of work that has its name from elsewhere: the steps done, and the steps there are."""

Item = TypeVar("Item")


def silent(name: str, done: int, total: int) -> None:
    """Tell nobody."""


def uncounted(done: int, total: int) -> None:
    """Tell nobody."""


def of_whole(
    progress: Progress, name: str, before: int, whole: int, part: str, done: int, total: int
) -> None:
    """Tell of a part of the work `name`, of whose `whole` steps `before` were done."""
    progress(name, before + done, whole)


def each(items: Sequence[Item], name: str, progress: Progress) -> Iterator[Item]:
    """The items in turn, telling at the start and after each how many are done."""
    progress(name, 0, len(items))
    for done, item in enumerate(items, 1):
        yield item
        progress(name, done, len(items))
