"""What a person at a terminal sees of long work, on stderr; a script's stderr stays quiet."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

import click


def watched() -> bool:
    """Whether stderr is a terminal."""
    return sys.stderr is not None and sys.stderr.isatty()


def say(text: str) -> None:
    """A line for whoever watches."""
    if watched():
        click.echo(f"onespike: {text}", err=True)


class Bars:
    """Progress bars, one for each piece of work; a `onespike_lava.system.progress.Progress`.

    Use it as a context, so that a bar that is cut off leaves whole lines.
    """

    def __init__(self) -> None:
        self.name, self.shown = "", watched()
        self.bar: Any = None

    def __call__(self, name: str, done: int, total: int) -> None:
        """Show that `done` of `total` steps of the work `name` are done."""
        if not self.shown or not total:
            return
        if self.bar is None or name != self.name:
            self.end()
            self.name = name
            self.bar = click.progressbar(length=total, label=f"{name:12}", file=sys.stderr)
            self.bar.__enter__()
        self.bar.update(done - self.bar.pos)
        if done >= total:
            self.end()

    def end(self) -> None:
        """End the bar that is shown, if any."""
        bar, self.bar = self.bar, None
        if bar is not None:
            bar.__exit__(None, None, None)

    def __enter__(self) -> Bars:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()
