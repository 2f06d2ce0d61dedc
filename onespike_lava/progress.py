"""How long work tells its caller how far it is; the library itself never prints."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with the name of the work, the steps done, and the steps there are.

A name that was not heard before begins another piece of work; an error a callback raises ends it.
"""


def silent(name: str, done: int, total: int) -> None:
    """Tell nobody."""
